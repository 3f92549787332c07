/** A mistake of ours in a subscription is logged by the compositor it is of; RxJS's handler is the process's, and nobody's to take. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { config } from 'rxjs';
import { afterEach, expect, test, vi } from 'vitest';
import { Compositor } from '../../compositor/compositor.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import { ManualClock } from '../../native/clock.ts';
import { Poller } from '../../native/poller.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

function start() {
  const clock = new ManualClock();
  const poller = new Poller();
  const kernel = new SimulatedKernel(clock);
  const errors: string[] = [];
  const ignore = (): void => undefined;
  const error = (message: string, cause?: unknown): void => {
    errors.push(`${message}: ${cause instanceof Error ? cause.message : String(cause)}`);
  };
  const compositor = Compositor.create({
    poller,
    clock,
    kernel,
    env: {},
    log: { error, warn: ignore, info: ignore, debug: ignore },
  });
  ends.push(() => {
    compositor.dispose();
    kernel.dispose();
    poller.close();
  });
  const addGpu = (): void => {
    kernel.addDevice();
    clock.advanceBy(1_000_000_000n);
  };
  return { compositor, errors, addGpu };
}

test('a program’s own handler stays its own, and a mistake is told in the log of the compositor that made it', async () => {
  const own = vi.fn<(error: unknown) => void>();
  const before = config.onUnhandledError;
  config.onUnhandledError = own;
  ends.push(() => (config.onUnhandledError = before));
  const [first, second] = [start(), start()];
  expect(config.onUnhandledError === own).toBe(true);
  vi.spyOn(second.compositor.display, 'createGlobal').mockImplementation(() => {
    throw new Error('a mistake');
  });
  first.addGpu();
  second.addGpu();
  // RxJS tells its handler in a later turn.
  await new Promise((resolve) => setTimeout(resolve));
  // Those who offer explicit sync, and dma-bufs.
  const told = 'following devices failed: a mistake';
  expect(second.errors).toEqual([told, told]);
  expect(first.errors).toEqual([]);
  expect(own).not.toHaveBeenCalled();
});

test('every subscription of ours is guarded', () => {
  const found: string[] = [];
  for (const folder of ['sync', 'devices', 'compositor', 'cli', 'protocols', 'native']) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const source = readFileSync(join(folder, file), 'utf8');
      for (const { index } of source.matchAll(/\.subscribe\(/g)) {
        if (!/^\.subscribe\(\s*guarded\(/.test(source.slice(index))) found.push(file);
      }
    }
  }
  expect(found).toEqual([]);
});
