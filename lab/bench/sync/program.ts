/**
 * The process in which ours is measured, so that its heap and its loop are its own.
 *
 * Usage: node --expose-gc program.js drm|sim|stand-in. Answers lines on stdin: "submitted N WARM_UP", "signal-busy N WARM_UP" and "signal-idle
 * N WARM_UP" (until an update is applied, and the floors of that); "pending N"; "unplug N" (the last one of a process, for it pulls a device out). Ends with stdin.
 */
import { inlineDispatch } from '../../../protocols/server/dispatch-inlining.ts';
import { SyncBed } from './bed.ts';
import type { BedKind } from './bed.ts';
import { measureCommits, measureSignals, type CommitTimes } from './commits.ts';
import { commitFloors, measureBareRehome, signalFloors, type Floors } from './floors.ts';
import { measurePending, measureUnplug } from './many.ts';
import type { Amount } from './waits.ts';
import { CommittingWindow } from './window.ts';

/** Ours, and what bounds it in this process. */
export interface BoundedTimes extends CommitTimes {
  readonly floors: Floors;
}

// As the compositor does.
inlineDispatch();

const kind = process.argv[2] as BedKind;
let alone: SyncBed | undefined;
let window: CommittingWindow | undefined;

async function answer(line: string): Promise<object> {
  const [command = '', countText, warmUpText] = line.split(' ');
  const count = Number(countText);
  const amount: Amount = { count, warmUp: Number(warmUpText) };
  switch (command) {
    case 'submitted': {
      window ??= new CommittingWindow(kind);
      const times = measureCommits(window, amount);
      return { ...times, floors: commitFloors(window.bed, amount) } satisfies BoundedTimes;
    }
    case 'signal-busy':
    case 'signal-idle': {
      window ??= new CommittingWindow(kind);
      const idleness = command === 'signal-busy' ? 'busy' : 'idle';
      const times = await measureSignals(window, idleness, amount);
      const floors = await signalFloors(window.bed, idleness, amount);
      return { ...times, floors } satisfies BoundedTimes;
    }
    case 'pending':
      alone ??= new SyncBed(kind);
      return measurePending(alone, count);
    case 'unplug':
      alone ??= new SyncBed(kind);
      return { bareNs: measureBareRehome(alone, count), ...(await measureUnplug(alone, count)) };
    default:
      throw new Error(`unknown command ${line}`);
  }
}

let text = '';
let answers = Promise.resolve();
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  text += chunk;
  const lines = text.split('\n');
  text = lines.pop() ?? '';
  for (const line of lines) {
    answers = answers.then(async () => {
      process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
    });
  }
});
process.stdin.on('end', () => {
  alone?.dispose();
  window?.dispose();
});
process.stdout.write('ready\n');
