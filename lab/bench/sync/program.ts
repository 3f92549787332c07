/**
 * The process in which ours is measured, so that its heap and its loop are its own.
 *
 * Usage: node --expose-gc program.js drm|sim. Answers lines on stdin: "submitted N", "signal N", "pending N", "unplug N" (the last one
 * of a process, for it pulls a device out). Ends with stdin.
 */
import { measureBareRehome, measureBareSignal, measureBareSubmitted } from './bare.ts';
import { SyncBed } from './bed.ts';
import type { BedKind } from './bed.ts';
import { measurePending, measureUnplug } from './many.ts';
import { measureSignal, measureSubmitted } from './waits.ts';

const bed = new SyncBed(process.argv[2] as BedKind);

async function answer(line: string): Promise<object> {
  const [command = '', count] = line.split(' ');
  switch (command) {
    case 'submitted':
      return {
        ...measureSubmitted(bed, Number(count)),
        bareP50Ns: measureBareSubmitted(bed, Number(count)),
      };
    case 'signal':
      return {
        ...(await measureSignal(bed, Number(count))),
        bareP50Ns: await measureBareSignal(bed, Number(count)),
      };
    case 'pending':
      return measurePending(bed, Number(count));
    case 'unplug':
      return {
        bareNs: measureBareRehome(bed, Number(count)),
        ...(await measureUnplug(bed, Number(count))),
      };
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
