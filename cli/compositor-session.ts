/** One run of `syncline compositor`: makes everything, runs the command inside, gives everything back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SyncKernel } from '../devices/sync-kernel.ts';
import { SystemClock } from '../native/clock.ts';
import { ENOENT } from '../native/errno.ts';
import { systemError } from '../native/errors.ts';
import { Lifetime } from '../native/lifetime.ts';
import { Poller } from '../native/poller.ts';
import type { GpuControl } from '../compositor/control/control-operations.ts';
import type { BackendFactory } from '../compositor/config.ts';
import { Compositor } from '../compositor/compositor.ts';
import type { NestedMode } from '../compositor/backend/nested-mode.ts';
import type { LostBufferPolicy } from '../compositor/buffer/dmabuf-policy.ts';
import type { FailurePolicy } from '../compositor/commit/failure-policy.ts';
import { lineLog, type CompositorLog } from '../compositor/log.ts';
import { inlineDispatch } from '../protocols/server/dispatch-inlining.ts';
import { takeListenFds } from '../protocols/server/listen-fds.ts';
import type { RecoveryStrategy } from '../sync/recovery.ts';
import type { WatchdogPolicy } from '../sync/watchdog.ts';
import type { ChromeTrace } from './chrome-trace.ts';
import { budgetsOf } from './compositor-budgets.ts';
import type { BudgetChoice } from './compositor-limits.ts';
import { InnerCommand } from './inner-command.ts';
import { boundYoungGeneration } from './young-generation.ts';

export type GpuChoice =
  | { readonly kind: 'sim'; readonly count: number }
  /** `outer-sim`: the simulated GPUs of the compositor whose command we are, which clients and both compositors then share. */
  | { readonly kind: 'drm' | 'none' | 'outer-sim' };

export interface SessionOptions {
  /** Empty: run until told to stop. */
  readonly command: readonly string[];
  readonly backend: 'headless' | 'nested';
  readonly nestedMode: NestedMode;
  readonly socket?: string;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly refreshMhz: number;
  readonly strategy?: RecoveryStrategy;
  readonly failurePolicy: FailurePolicy;
  readonly lostBuffers: LostBufferPolicy;
  readonly watchdog: WatchdogPolicy;
  readonly budget: BudgetChoice;
  readonly gpus: GpuChoice;
  readonly control?: string;
  readonly trace?: string;
  readonly screenshot?: string;
  readonly verbose: boolean;
}

/** Tells the command inside where the simulated GPUs are (lab/conform/prepare.ts, devices/simulated/remote-kernel.ts). */
const SIM_SOCKET_VARIABLE = 'SYNCLINE_SIM';

/** Status when the host of a nested compositor went. */
const EXIT_HOST_LOST = 1;

/** Resolves to the exit status, with everything closed. */
export async function runSession(options: SessionOptions): Promise<number> {
  const log = lineLog((line) => process.stderr.write(`syncline: ${line}\n`), {
    debug: options.verbose,
  });
  const lifetime = new Lifetime((error) => log.error('while shutting down', error));
  try {
    return await serve(options, log, lifetime);
  } finally {
    lifetime.dispose();
  }
}

async function serve(
  options: SessionOptions,
  log: CompositorLog,
  lifetime: Lifetime,
): Promise<number> {
  const runtimeDir = process.env['XDG_RUNTIME_DIR'] ?? makeRuntimeDir(log, lifetime);
  const env = { ...process.env, XDG_RUNTIME_DIR: runtimeDir };
  const listenFds = takeListenFds(env, process.pid);
  for (const inherited of listenFds) lifetime.add(() => inherited.close());
  const poller = new Poller();
  lifetime.add(() => {
    poller.stop();
    poller.close();
  });
  poller.start();
  const clock = new SystemClock();
  const simSocket = join(runtimeDir, `syncline-sim-${process.pid}`);
  const { kernel, gpus } = await makeKernel(options.gpus, { poller, clock, lifetime, simSocket });
  const trace = options.trace === undefined ? null : await openTrace(options.trace, log, lifetime);
  const compositor = Compositor.create({
    poller,
    clock,
    kernel,
    log,
    env,
    backend: await backendOf(options, { poller, env, log }),
    outputs: [
      {
        width: options.width,
        height: options.height,
        scale: options.scale,
        refreshMhz: options.refreshMhz,
      },
    ],
    failurePolicy: options.failurePolicy,
    lostBuffers: options.lostBuffers,
    watchdog: options.watchdog,
    ...budgetsOf(options.budget),
    ...(options.strategy && { strategy: options.strategy }),
    ...(trace && { trace: trace.commit, syncTrace: trace.sync }),
  });
  lifetime.add(compositor);
  const socket = compositor.listen({
    runtimeDir,
    ...(options.socket === undefined ? {} : { name: options.socket }),
  });
  for (const inherited of listenFds) compositor.display.listenFd(inherited);
  const { warmUpWhenIdle } = await import('../protocols/server/idle-warm-up.ts');
  const warmingUp = warmUpWhenIdle(poller, clock);
  lifetime.add(() => warmingUp.close());

  let status: number | undefined;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const stop = (with_: number): void => {
    status ??= with_;
    end();
  };
  if (options.control !== undefined) {
    const { ControlSocket } = await import('../compositor/control/control-socket.ts');
    const context = { compositor, gpus, stop: () => void setImmediate(() => stop(0)) };
    lifetime.add(await ControlSocket.open(options.control, context));
  }
  compositor.desktop.onLost((reason) => {
    log.error(reason);
    stop(EXIT_HOST_LOST);
  });
  // Not before all is loaded: V8 takes no code from the bundle that was compiled under other flags.
  boundYoungGeneration();
  inlineDispatch();
  handleSignals(lifetime, stop, () => saveScreenshot(compositor, options.screenshot, log));
  if (options.command.length === 0) {
    log.info(`WAYLAND_DISPLAY=${socket} XDG_RUNTIME_DIR=${runtimeDir}`);
  } else {
    const sim = gpus && { [SIM_SOCKET_VARIABLE]: simSocket };
    const inner = new InnerCommand(options.command, { ...env, ...sim, WAYLAND_DISPLAY: socket });
    lifetime.add(inner);
    await Promise.race([ended, inner.ended.then(stop)]);
  }
  await ended;
  saveScreenshot(compositor, options.screenshot, log);
  return status ?? 0;
}

interface KernelParts {
  readonly poller: Poller;
  readonly clock: SystemClock;
  readonly lifetime: Lifetime;
  /** Where clients in other processes reach the simulated GPUs. */
  readonly simSocket: string;
}

async function makeKernel(
  choice: GpuChoice,
  { poller, clock, lifetime, simSocket }: KernelParts,
): Promise<{ kernel: SyncKernel; gpus: GpuControl | null }> {
  if (choice.kind === 'outer-sim')
    return { kernel: await outerKernel(poller, lifetime), gpus: null };
  if (choice.kind !== 'sim') {
    const { LinuxKernel } = await import('../devices/linux/linux-kernel.ts');
    const kernel = lifetime.add(new LinuxKernel({ poller }));
    return { kernel: choice.kind === 'drm' ? kernel : withoutDevices(kernel), gpus: null };
  }
  const { SimulatedKernel } = await import('../devices/simulated/simulated-kernel.ts');
  const kernel = new SimulatedKernel(clock);
  lifetime.add(() => kernel.dispose());
  for (let index = 0; index < choice.count; index++) kernel.addDevice();
  const gpus: GpuControl = {
    list: () => kernel.listNodes().map(({ id }) => ({ gpu: id, live: true })),
    remove: (gpu) => kernel.removeDevice(gpu),
    add: (gpu) => kernel.addDevice(gpu === undefined ? {} : { id: gpu }),
  };
  const { SimServer } = await import('../devices/simulated/sim-server.ts');
  lifetime.add(new SimServer(kernel, poller, simSocket));
  return { kernel, gpus };
}

/** The machine's kernel for everything but its GPUs: dma-bufs keep their fences, of whatever device they are. */
function withoutDevices(kernel: SyncKernel): SyncKernel {
  const { description, syncFiles, dmabufs } = kernel;
  return {
    description,
    syncFiles,
    dmabufs,
    hotplug: { listen: () => () => undefined },
    listNodes: () => [],
    openDevice: (node) => kernel.openDevice(node),
  };
}

/** Throws a SystemError when there is no compositor outside, or it has gone. */
async function outerKernel(poller: Poller, lifetime: Lifetime): Promise<SyncKernel> {
  const path = process.env[SIM_SOCKET_VARIABLE];
  if (path === undefined) {
    const reason = `there are no simulated GPUs outside (${SIM_SOCKET_VARIABLE} is not set)`;
    throw systemError(ENOENT, 'connect', reason);
  }
  const { RemoteKernel } = await import('../devices/simulated/remote-kernel.ts');
  const kernel = new RemoteKernel({ path, poller });
  lifetime.add(() => kernel.dispose());
  return kernel;
}

async function backendOf(
  { backend, nestedMode, screenshot }: SessionOptions,
  host: { readonly poller: Poller; readonly env: NodeJS.ProcessEnv; readonly log: CompositorLog },
): Promise<'headless' | BackendFactory> {
  if (backend === 'headless') return 'headless';
  const { nestedIn } = await import('../compositor/backend/nested-in.ts');
  // A picture of the end is the last one shown, which there only is where we draw it.
  const mode = nestedMode === 'auto' && screenshot !== undefined ? 'composited' : nestedMode;
  return await nestedIn({ ...host, mode });
}

async function openTrace(
  path: string,
  log: CompositorLog,
  lifetime: Lifetime,
): Promise<ChromeTrace> {
  const { ChromeTrace: Trace } = await import('./chrome-trace.ts');
  const trace = new Trace(path, (error) => {
    log.warn(`the trace is given up: ${error instanceof Error ? error.message : String(error)}`);
  });
  lifetime.add(trace);
  return trace;
}

/** SIGINT, SIGTERM and SIGHUP end the session; SIGUSR1 takes a screenshot. */
function handleSignals(
  lifetime: Lifetime,
  stop: (status: number) => void,
  screenshot: () => void,
): void {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
  for (const [signal, number] of Object.entries(numbers)) {
    const handler = (): void => stop(128 + number);
    process.on(signal, handler);
    lifetime.add(() => process.off(signal, handler));
  }
  process.on('SIGUSR1', screenshot);
  lifetime.add(() => process.off('SIGUSR1', screenshot));
}

function saveScreenshot(
  compositor: Compositor,
  path: string | undefined,
  log: CompositorLog,
): void {
  if (path === undefined) return;
  const png = compositor.desktop.screenshot();
  if (!png) {
    log.warn(`no screenshot: the output has shown no frame yet`);
    return;
  }
  writeFileSync(path, png);
}

/** Sockets need a directory nobody else can enter. */
function makeRuntimeDir(log: CompositorLog, lifetime: Lifetime): string {
  const directory = mkdtempSync(join('/tmp', 'syncline-run-'));
  log.info(`XDG_RUNTIME_DIR is not set; using ${directory}`);
  lifetime.add(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
