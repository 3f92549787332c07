/** `syncline client`: one test client against whatever compositor there is. */
import type { Poller } from '../../native/poller.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import { CaseRun } from '../conform/case-run.ts';
import type { Environment } from '../conform/environment.ts';
import { prepare, type Prepared } from '../conform/prepare.ts';
import { CaseFailedError, CaseSkippedError } from '../conform/verdicts.ts';
import { CannotPlayError } from '../world/cannot-play-error.ts';
import type { Behaviour, ClientSettings } from './behaviour.ts';
import { Drawing } from './drawing.ts';
import type { ClientResult, FrameResult } from './result.ts';

export interface RunClientOptions {
  readonly poller: Poller;
  readonly env: NodeJS.ProcessEnv;
  readonly behaviour: Behaviour;
  readonly settings: ClientSettings;
  /** At most so many. */
  readonly frames: number;
  /** At most so long. */
  readonly seconds: number;
  readonly socket?: string;
  /** Device id or path of a render node. Default: another than the compositor's where there is one. */
  readonly gpu?: string;
  readonly onFrame: (frame: FrameResult) => void;
}

/** How long the compositor may take for what must happen. */
const PATIENCE_MS = 5000;

/** Rejects with NoCompositorError, or with CannotPlayError when the machine or the compositor lacks what the client needs. */
export async function runClient(options: RunClientOptions): Promise<ClientResult> {
  const { poller, env, socket } = options;
  const prepared = await prepare({
    poller,
    env,
    patienceMs: PATIENCE_MS,
    ...(socket !== undefined && { socket }),
  });
  const { gpus } = prepared.environment;
  try {
    return await runPrepared(prepared, options);
  } finally {
    gpus?.dispose();
  }
}

async function runPrepared(
  { environment: found, compositor }: Prepared,
  options: RunClientOptions,
): Promise<ClientResult> {
  const { behaviour, gpu } = options;
  const environment = withGpu(found, gpu);
  const run = new CaseRun(environment);
  try {
    for (const need of ['syncobj', ...behaviour.needs] as const) {
      const reason = environment.missing.get(need);
      if (reason !== undefined) throw new CannotPlayError(reason);
    }
    const drawing = await open(run, options);
    await drawing.draw();
    return await judged(drawing, run, compositor, behaviour);
  } finally {
    await run.dispose();
  }
}

async function open(run: CaseRun, options: RunClientOptions): Promise<Drawing> {
  try {
    return await Drawing.open(run, options);
  } catch (error) {
    if (!(error instanceof CaseFailedError) && !(error instanceof CaseSkippedError)) throw error;
    throw new CannotPlayError(error.message, { cause: error });
  }
}

async function judged(
  drawing: Drawing,
  run: CaseRun,
  compositor: string,
  { name }: Behaviour,
): Promise<ClientResult> {
  const { frames, disconnected, gpuLost } = drawing;
  const lostReleases = await drawing.countLostReleases();
  return {
    schema: 1,
    client: name,
    compositor,
    gpu: run.clientGpu,
    frames,
    framesDone: frames.filter(({ doneMs }) => doneMs !== undefined).length,
    ...(lostReleases !== undefined && { lostReleases }),
    ...(disconnected !== undefined && { disconnected }),
    ...(gpuLost && { gpuLost }),
  };
}

function withGpu(environment: Environment, wanted: string | undefined): Environment {
  if (wanted === undefined) return environment;
  const nodes = environment.gpus?.timelineNodes() ?? [];
  const node = nodes.find(({ id, path }) => id === wanted || path === wanted);
  if (node) return { ...environment, clientGpu: node.id as DeviceId };
  const known = nodes.map(({ id, path }) => `${id} (${path})`).join(', ');
  throw new CannotPlayError(`no GPU ${wanted} with timelines; there are: ${known || 'none'}`);
}
