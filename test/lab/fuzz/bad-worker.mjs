/** A fuzzing process with an end that its seed chooses: 1 and 5 finish, 2 is killed, 3 hangs, 4 throws; all have written their input. */
import { writeFileSync } from 'node:fs';

const task = JSON.parse(process.argv[2]);
const counts = {
  target: task.target,
  seed: task.seed,
  inputs: 5,
  requests: 6,
  bystanderRoundTrips: 7,
  slowestTurnMs: 8,
  reached: 9,
};
writeFileSync(task.currentFile, '{"flow":{"pace":"step","reads":true},"steps":[]}');
process.send({ type: 'progress', counts }, () => {
  if (task.seed === 1 || task.seed === 5)
    process.send({ type: 'end', counts }, () => process.disconnect());
  if (task.seed === 2) process.kill(process.pid, 'SIGSEGV');
  if (task.seed === 3) for (;;);
  if (task.seed === 4) throw new Error('planted');
});
