/** Finds out what there is to test, and to test with. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { native } from '../../native/binding.ts';
import type { Poller } from '../../native/poller.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import { CaseRun } from './case-run.ts';
import type { Need } from './conform-case.ts';
import { DrmGpus } from './drm-gpus.ts';
import type { Environment } from './environment.ts';
import { commandHotplug, sysfsHotplug, type HotplugCommands } from './hotplug.ts';
import { LONGEST_PATIENCE_MS, LONGEST_START_MS, measurePatience } from './patience.ts';
import { SimulatedGpus } from './simulated-gpus.ts';
import type { TestGpus } from './test-gpus.ts';
import { NoCompositorError } from './verdicts.ts';

/** Where a compositor's simulated GPUs can be reached; set by `syncline compositor --gpus sim:N` for the command inside. */
export const SIM_SOCKET_VARIABLE = 'SYNCLINE_SIM';

export interface PrepareOptions {
  readonly poller: Poller;
  readonly env: NodeJS.ProcessEnv;
  readonly socket?: string;
  /** How long anything that must happen may take. Without: found out, see patience.ts. */
  readonly patienceMs?: number;
  /** The compositor is started for the cases that pull a GPU, and ended after them. */
  readonly startedForSuite?: boolean;
  /** Who pulls GPUs. Without: the suite itself where they are simulated and in the lab's VM, else nobody. */
  readonly hotplugCommands?: HotplugCommands;
}

export interface Prepared {
  readonly environment: Environment;
  /** The compositor's program and its socket. */
  readonly compositor: string;
}

/** NoCompositorError when none can be reached. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const gpus = openGpus(options);
  try {
    return await inspect(options, gpus);
  } catch (error) {
    gpus?.dispose();
    throw error;
  }
}

function openGpus({ poller, env, hotplugCommands }: PrepareOptions): TestGpus | undefined {
  const commands = hotplugCommands && commandHotplug(hotplugCommands);
  const simulated = env[SIM_SOCKET_VARIABLE];
  if (simulated !== undefined) return new SimulatedGpus(simulated, poller, commands);
  if (!existsSync('/dev/dri')) return undefined;
  // Nobody wants the GPU of the desktop pulled; in the lab's VM nobody minds.
  const inVm = env['SYNCLINE_VM'] === '1';
  return new DrmGpus(poller, commands ?? (inVm ? sysfsHotplug() : undefined));
}

async function inspect(options: PrepareOptions, gpus: TestGpus | undefined): Promise<Prepared> {
  const missing = new Map<Need, string>();
  const nodes = gpus?.timelineNodes() ?? [];
  const base = {
    poller: options.poller,
    socket: options.socket,
    gpus,
    startedForSuite: options.startedForSuite ?? false,
    missing,
    knownAllocator: undefined,
  };
  // A compositor may open its socket long before it listens to it.
  const patienceMs = options.startedForSuite
    ? LONGEST_START_MS
    : (options.patienceMs ?? LONGEST_PATIENCE_MS);
  const run = new CaseRun({ ...base, patienceMs, clientGpu: undefined, importGpu: undefined });
  try {
    const client = await run.connect();
    const { registry } = client.display;
    const main = await client.mainDevice();
    const told = main === undefined ? undefined : gpus?.deviceOf(main);
    const importGpu = told ?? nodes[0]?.id;
    const clientGpu = chooseClientGpu(nodes, importGpu);
    findMissing(missing, (name) => registry.find(name) !== undefined, gpus, clientGpu, importGpu);
    const socket = options.socket ?? options.env['WAYLAND_DISPLAY'] ?? 'wayland-0';
    const compositor = `${programOf(client.display.fd)} at ${socket}`;
    const found = options.patienceMs ?? (await measurePatience(run, missing.get('shm')));
    return { environment: { ...base, patienceMs: found, clientGpu, importGpu }, compositor };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoCompositorError(`no compositor: ${reason}`, { cause: error });
  } finally {
    await run.dispose();
  }
}

/** Another than the compositor's, of those that can be pulled where there is a choice. */
function chooseClientGpu(
  nodes: readonly { readonly id: DeviceId }[],
  importGpu: DeviceId | undefined,
): DeviceId | undefined {
  const others = nodes.map(({ id }) => id).filter((id) => id !== importGpu);
  return others.findLast((id) => id.startsWith('pci:')) ?? others.at(-1) ?? importGpu;
}

function findMissing(
  missing: Map<Need, string>,
  offers: (name: string) => boolean,
  gpus: TestGpus | undefined,
  clientGpu: DeviceId | undefined,
  importGpu: DeviceId | undefined,
): void {
  const globalsOf = (...names: string[]): string | undefined => {
    const absent = names.filter((name) => !offers(name));
    return absent.length === 0 ? undefined : `the compositor does not offer ${absent.join(', ')}`;
  };
  const reasons: Record<Need, string | false | undefined> = {
    shm: globalsOf('wl_compositor', 'wl_shm', 'xdg_wm_base'),
    syncobj:
      globalsOf('wp_linux_drm_syncobj_manager_v1', 'zwp_linux_dmabuf_v1', 'xdg_wm_base') ??
      (clientGpu === undefined && 'there is no GPU here to make timelines on'),
    fences: !gpus?.fences && 'nothing here makes pending fences (fencelab or vgem)',
    'failing-fences': !gpus?.fences?.canFail && 'nothing here makes fences that fail (fencelab)',
    'two-gpus': clientGpu === importGpu && 'the client has no other GPU here than the compositor’s',
    unplug: !gpus?.hotplug && 'nobody pulls GPUs here (--unplug-hook, --replug-hook)',
  };
  for (const [need, reason] of Object.entries(reasons)) {
    // The keys are those of the literal above.
    if (typeof reason === 'string') missing.set(need as Need, reason);
  }
}

/** The name of the process at the other end. */
function programOf(socketFd: number): string {
  const peer = new Uint32Array(3);
  native.peerCredentials(socketFd, peer);
  const [pid] = peer;
  try {
    const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const script = args.find((argument) => /\.m?js$/.test(argument));
    const name = basename(program);
    // An interpreter says little: what it runs is meant.
    return name === 'node' && script !== undefined ? basename(script).replace(/\.m?js$/, '') : name;
  } catch {
    return `process ${pid}`;
  }
}
