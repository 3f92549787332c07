/** Ending programs, on a clock moved by hand: only the programs are real. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../../native/clock.ts';
import { AppProcess } from '../../../compositor/session/app-process.ts';

const SECOND = 1_000_000_000n;

test('a program that leaves a daemon behind, with its output, is not waited for until that ends', async () => {
  const clock = new ManualClock();
  const env = { PATH: process.env['PATH'] };
  const script = 'setsid sh -c "echo \\$\\$; exec sleep 600" & wait';
  const app = new AppProcess('sh', ['-c', script], { env }, clock);
  await expect.poll(() => app.output).toMatch(/^\d+\n$/);
  try {
    const stopping = app.stop();
    clock.advanceBy(2n * SECOND);
    expect(await stopping).toBe(128 + 15);
  } finally {
    process.kill(Number(app.output), 'SIGKILL');
  }
});
