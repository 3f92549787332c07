/**
 * The process in which ours is measured, so that its heap and its loop are its own.
 *
 * Usage: node --expose-gc program.js drm|sim|stand-in. Answers lines on stdin: "submitted N WARM_UP" and "signal N WARM_UP"; "pending N";
 * "unplug N" (the last one of a process, for it pulls a device out). Ends with stdin.
 */
import { measureBareRehome, measureBareSignal, measureBareSubmitted } from './bare.ts';
import { SyncBed } from './bed.ts';
import type { BedKind } from './bed.ts';
import { measurePending, measureUnplug } from './many.ts';
import { measureSignal, measureSubmitted } from './waits.ts';
import type { Amount, WaitTimes } from './waits.ts';

/** Our steps, and the same ones without the manager. */
export interface ComparedTimes extends WaitTimes {
  readonly bareP50Ns: number;
}

const bed = new SyncBed(process.argv[2] as BedKind);

async function answer(line: string): Promise<object> {
  const [command = '', countText, warmUpText] = line.split(' ');
  const count = Number(countText);
  const amount: Amount = { count, warmUp: Number(warmUpText) };
  switch (command) {
    case 'submitted':
      return {
        ...measureSubmitted(bed, amount),
        bareP50Ns: measureBareSubmitted(bed, amount),
      } satisfies ComparedTimes;
    case 'signal':
      return {
        ...(await measureSignal(bed, amount)),
        bareP50Ns: await measureBareSignal(bed, amount),
      } satisfies ComparedTimes;
    case 'pending':
      return measurePending(bed, count);
    case 'unplug':
      return { bareNs: measureBareRehome(bed, count), ...(await measureUnplug(bed, count)) };
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
process.stdin.on('end', () => bed.dispose());
process.stdout.write('ready\n');
