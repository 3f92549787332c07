/** `syncline client`: parse, call, print. */
import { Argument, Command } from 'commander';
import { BEHAVIOURS, behaviourNamed, type Behaviour } from '../lab/client/behaviour.ts';
import type { ClientResult, FrameResult } from '../lab/client/result.ts';
import { runClient } from '../lab/client/run-client.ts';
import { NoCompositorError } from '../lab/conform/verdicts.ts';
import { CannotPlayError } from '../lab/world/cannot-play-error.ts';
import { Poller } from '../native/poller.ts';
import { CannotRunError, EXIT_CASE_FAILED } from './exit-status.ts';
import { amount, integer, usage } from './option-values.ts';

interface ClientFlags {
  socket?: string;
  gpu?: string;
  frames: number;
  seconds: number;
  work: number;
  delay: number;
  from: number;
  json?: boolean;
}

export function clientCommand(): Command {
  return new Command('client')
    .description('one headless explicit-sync client against any compositor')
    .addArgument(
      new Argument('<name>', 'what kind of client').argParser((name) =>
        usage(() => behaviourNamed(name)),
      ),
    )
    .option('--socket <name>', 'display socket of the compositor (default: $WAYLAND_DISPLAY)')
    .option('--gpu <device>', 'draw on this GPU: device id or render node (see syncline devices)')
    .option('--frames <n>', 'frames to draw at most', integer(1), 60)
    .option('--seconds <s>', 'time to draw at most', amount, 10)
    .option('--work <ms>', 'GPU time of a frame', amount, 4)
    .option('--delay <ms>', 'from commit to submission, for clients that commit first', amount, 20)
    .option('--from <n>', 'from which frame on the client does what its name says', integer(1), 10)
    .option('--json', 'print the result as JSON, alone on standard output')
    .addHelpText('after', help)
    .action(async (chosen: Behaviour, flags: ClientFlags) => {
      const result = await runHere(chosen, flags);
      if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      else process.stdout.write(`${describe(result)}\n`);
      if (result.disconnected !== undefined || (result.lostReleases ?? 0) > 0) {
        process.exitCode = EXIT_CASE_FAILED;
      }
    });
}

function help(): string {
  const clients = BEHAVIOURS.map(({ name, description }) => `  ${name.padEnd(20)} ${description}`);
  return `
Clients:
${clients.join('\n')}

It prints a line a frame. Simulated GPUs: syncline compositor --gpus sim:2 -- syncline client steady
Exit status: 1 when the compositor cut it off or lost a release; 3 when there is no compositor, or no GPU to draw on.`;
}

async function runHere(chosen: Behaviour, flags: ClientFlags): Promise<ClientResult> {
  const poller = new Poller();
  poller.start();
  try {
    return await runClient({
      poller,
      env: process.env,
      behaviour: chosen,
      settings: { workMs: flags.work, delayMs: flags.delay, from: flags.from },
      frames: flags.frames,
      seconds: flags.seconds,
      ...(flags.socket !== undefined && { socket: flags.socket }),
      ...(flags.gpu !== undefined && { gpu: flags.gpu }),
      onFrame: (frame) => {
        if (!flags.json) process.stdout.write(`${describeFrame(frame)}\n`);
      },
    });
  } catch (error) {
    if (error instanceof NoCompositorError || error instanceof CannotPlayError)
      throw new CannotRunError(error.message, { cause: error });
    throw error;
  } finally {
    poller.stop();
    poller.close();
  }
}

function describeFrame(frame: FrameResult): string {
  const { committedMs, endedMs, failedWith, doneMs, rescued } = frame;
  const since = (timeMs: number): string => `${(timeMs - committedMs).toFixed(1)} ms`;
  const parts = [
    describeSubmission(frame),
    rescued && 'rescued through another GPU',
    failedWith !== undefined && `failed (errno ${failedWith})`,
    endedMs !== undefined && `ended after ${since(endedMs)}`,
    doneMs === undefined ? 'no frame callback' : `frame callback after ${since(doneMs)}`,
  ];
  const text = parts.filter((part) => part !== false && part !== undefined).join(', ');
  return `frame ${frame.frame} at ${committedMs.toFixed(1)} ms: ${text}`;
}

function describeSubmission({ committedMs, submittedMs }: FrameResult): string {
  if (submittedMs === undefined) return 'never submitted';
  if (submittedMs <= committedMs) return 'submitted before';
  return `submitted ${(submittedMs - committedMs).toFixed(1)} ms after`;
}

function describe(result: ClientResult): string {
  const { client, compositor, gpu, frames, framesDone, lostReleases, gpuLost } = result;
  const lines = [
    `${client} on ${gpu} against ${compositor}: ${framesDone} of ${frames.length} frames called back`,
  ];
  if (gpuLost) {
    const next =
      gpuLost.movedTo === undefined ? 'and nowhere to go' : `, on with ${gpuLost.movedTo}`;
    lines.push(`its GPU went at ${gpuLost.atMs.toFixed(1)} ms${next}`);
  }
  if (result.disconnected !== undefined) lines.push(`disconnected: ${result.disconnected}`);
  if (lostReleases === undefined) lines.push('releases: nobody left to ask');
  else lines.push(lostReleases === 0 ? 'all releases came' : `${lostReleases} releases lost`);
  return lines.join('\n');
}
