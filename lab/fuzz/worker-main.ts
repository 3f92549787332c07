/** Entry of a fuzzing process: see worker.ts. */
import { work, type WorkerTask } from './worker.ts';

const task = JSON.parse(process.argv[2] ?? 'null') as WorkerTask;
await work(task, (message) => process.send?.(message));
process.disconnect();
