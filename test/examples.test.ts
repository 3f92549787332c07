/** Each of examples/ does what it says. examples/drive-an-app.test.ts is a test itself. */
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

function capturedLog(): string[] {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => lines.push(words.join(' ')));
  return lines;
}

test('compare-two-strategies: the old way fails, failover holds', async () => {
  const lines = capturedLog();
  await import('../examples/compare-two-strategies.ts');
  const row =
    lines
      .join('\n')
      .split('\n')
      .find((line) => line.includes('dock-pulled-twice')) ?? '';
  expect(row.trim().split(/\s+/)).toEqual(['dock-pulled-twice', '✗', 'ok']);
});

test('headless-screenshot: the window is on the picture', async () => {
  const lines = capturedLog();
  await import('../examples/headless-screenshot.ts');
  expect(lines).toHaveLength(1);
  expect(Number(/(\d+) bytes/.exec(lines[0] ?? '')?.[1])).toBeGreaterThan(1000);
});

test('wait-for-a-point survives the unplug', async () => {
  const lines = capturedLog();
  await import('../examples/wait-for-a-point.ts');
  await expect.poll(() => lines).toContain('point 1: signalled');
  expect(lines.filter((line) => line.startsWith('devices:'))).toEqual([
    'devices: gpu:0 gpu:1',
    'devices: gpu:1',
  ]);
});

test('own-strategy keeps its debts until the dock returns', async () => {
  const lines = capturedLog();
  await import('../examples/own-strategy.ts');
  expect(lines.filter((line) => !line.includes(' ms '))).toEqual([
    'release: owed',
    'point 1: signalled',
    'release: signalled',
  ]);
});

test('nested: a compositor as a window of another one, until that is closed', async () => {
  const lines = capturedLog();
  await import('../examples/nested.ts');
  expect(lines).toEqual([
    'outside: the window "Syncline NESTED-1", 640x400',
    'inside: 1 output, nested, pass-through',
    'inside: the host closed our window',
  ]);
});
