/** `syncline compositor`: runs the compositor, and perhaps a command inside it. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { NESTED_MODES } from '../compositor/backend/nested-mode.ts';
import type { NestedMode } from '../compositor/backend/nested-mode.ts';
import { LOST_BUFFER_POLICIES } from '../compositor/buffer/dmabuf-policy.ts';
import type { LostBufferPolicy } from '../compositor/buffer/dmabuf-policy.ts';
import { FAILURE_POLICIES } from '../compositor/commit/failure-policy.ts';
import type { FailurePolicy } from '../compositor/commit/failure-policy.ts';
import type { RecoveryStrategy } from '../sync/recovery.ts';
import {
  addLimitOptions,
  LIMITS_HELP,
  type LimitOptions,
  watchdogOf,
} from './compositor-limits.ts';
import { CannotRunError } from './exit-status.ts';
import type { GpuChoice, SessionOptions } from './compositor-session.ts';
import { positive } from './option-values.ts';
import { checkWritable } from './output-file.ts';

interface CompositorCliOptions extends LimitOptions {
  backend: 'headless' | 'nested';
  nestedMode: NestedMode;
  socket?: string;
  size: { width: number; height: number };
  scale: number;
  rate: number;
  strategy?: string;
  failedFence: FailurePolicy;
  lostBuffers: LostBufferPolicy;
  gpus: GpuChoice;
  control?: string;
  trace?: string;
  screenshot?: string;
  verbose: boolean;
}

const MAX_GPUS = 64;
/** Of scale and rate. */
const MAX_FACTOR = 1000;

export function compositorCommand(): Command {
  const command = new Command('compositor')
    .description('run the compositor; with COMMAND, run that inside and exit with its status')
    .argument('[command...]', 'a program and its arguments, after --')
    .addOption(
      new Option('--backend <name>', 'headless, or nested: a window in $WAYLAND_DISPLAY')
        .choices(['headless', 'nested'])
        .default('headless'),
    )
    .addOption(
      new Option('--nested-mode <mode>', 'how a nested compositor shows what its clients draw')
        .choices(NESTED_MODES)
        .default(NESTED_MODES[0]),
    )
    .option('--socket <name>', 'name of the display socket (default: the first free wayland-N)')
    .addOption(
      new Option('--size <WxH>', 'size of the output in pixels')
        .argParser(size)
        .default({ width: 1280, height: 720 }, '1280x720'),
    )
    .option('--scale <factor>', 'scale of the output', positive(MAX_FACTOR), 1)
    .option('--rate <Hz>', 'refresh rate of the output (headless)', positive(MAX_FACTOR), 60)
    .option('--strategy <name>', 'what becomes of timelines when GPUs go (default: failover)')
    .addOption(
      new Option('--failed-fence <policy>', 'what an update does whose acquire fence failed')
        .choices(FAILURE_POLICIES)
        .default(FAILURE_POLICIES[0]),
    )
    .addOption(
      new Option('--lost-buffers <policy>', 'what dma-bufs show whose GPU went')
        .choices(LOST_BUFFER_POLICIES)
        .default(LOST_BUFFER_POLICIES[0]),
    )
    .addOption(
      new Option(
        '--gpus <which>',
        'sim:N simulated GPUs, sim (those of the compositor outside), drm (the machine’s), or none',
      )
        .argParser(gpus)
        .default({ kind: 'drm' }, 'drm'),
    )
    .option('--control <path>', 'open a control socket (JSON lines, mode 0600)')
    .option('--trace <file>', 'write what happens to each commit as Chrome trace JSON')
    .option('--screenshot <file>', 'write a PNG at the end, and on each SIGUSR1')
    .option('--verbose', 'log more', false)
    .addHelpText('after', HELP + LIMITS_HELP)
    .passThroughOptions()
    .action(run);
  return addLimitOptions(command);
}

const HELP = `
Nested, "composited" draws one picture for the host; "pass-through" makes each client surface a subsurface in the host, with the
client's own buffer where host and buffer allow it, and a copy of that surface where not; "auto" is pass-through where the host has
wl_subcompositor and wp_viewporter and no --screenshot is asked for. Exit status 1: the host compositor has gone or closed our window.
COMMAND gets WAYLAND_DISPLAY. When it ends, the compositor ends with its status; 128 + N when signal N killed it.
SIGINT and SIGTERM end both. Sockets of the service manager (LISTEN_FDS) are listened on too. Without XDG_RUNTIME_DIR a private directory is made in /tmp.
Exit status 3: cannot run here (the reason is on stderr).`;

async function run(
  command: string[],
  options: CompositorCliOptions,
  program: Command,
): Promise<void> {
  const strategy = await strategyNamed(options.strategy, program);
  if (options.screenshot !== undefined) checkWritable(options.screenshot);
  const { runSession } = await import('./compositor-session.ts');
  const session: SessionOptions = {
    command,
    backend: options.backend,
    nestedMode: options.nestedMode,
    width: options.size.width,
    height: options.size.height,
    scale: options.scale,
    refreshMhz: Math.round(options.rate * 1000),
    gpus: options.gpus,
    failurePolicy: options.failedFence,
    lostBuffers: options.lostBuffers,
    watchdog: watchdogOf(options),
    budget: options.budget,
    verbose: options.verbose,
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    ...(strategy && { strategy }),
    ...(options.control === undefined ? {} : { control: resolve(options.control) }),
    ...(options.trace === undefined ? {} : { trace: resolve(options.trace) }),
    ...(options.screenshot === undefined ? {} : { screenshot: resolve(options.screenshot) }),
  };
  try {
    process.exitCode = await runSession(session);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    if (error.name === 'DisplaySocketError' || CANNOT_RUN.has(code)) {
      throw new CannotRunError(error.message, { cause: error });
    }
    throw error;
  }
}

/** The table of all strategies is loaded only for those who name one. */
async function strategyNamed(
  name: string | undefined,
  program: Command,
): Promise<RecoveryStrategy | undefined> {
  if (name === undefined) return undefined;
  const { STRATEGIES } = await import('../sync/recovery/strategies.ts');
  const known = [...STRATEGIES.keys()].join(', ');
  return STRATEGIES.get(name) ?? program.error(`error: option '--strategy' is one of ${known}`);
}

/** Errors that say something of the machine, not of us. */
const CANNOT_RUN = new Set([
  'SYNCLINE_PIXMAN_MISSING',
  'SYNCLINE_HOST_UNAVAILABLE',
  'SYNCLINE_NO_COMMAND',
  'EADDRINUSE',
  'EACCES',
  'ENOENT',
  'ENOTDIR',
  'EROFS',
  'ENOSPC',
  'ENAMETOOLONG',
]);

function size(text: string): { width: number; height: number } {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  if (width >= 1 && width <= 16_384 && height >= 1 && height <= 16_384) return { width, height };
  throw new InvalidArgumentError('Expected WIDTHxHEIGHT, each 1 to 16384.');
}

function gpus(text: string): GpuChoice {
  if (text === 'drm' || text === 'none') return { kind: text };
  if (text === 'sim') return { kind: 'outer-sim' };
  const count = Number(/^sim:(\d+)$/.exec(text)?.[1] ?? NaN);
  if (count >= 0 && count <= MAX_GPUS) return { kind: 'sim', count };
  throw new InvalidArgumentError(`Expected sim:N (at most ${MAX_GPUS}), sim, drm or none.`);
}
