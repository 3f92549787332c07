import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

function capturedLog(): string[] {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => lines.push(words.join(' ')));
  return lines;
}

test('wait-for-a-point survives the unplug', async () => {
  const lines = capturedLog();
  await import('../../examples/wait-for-a-point.ts');
  await expect.poll(() => lines).toContain('point 1: signalled');
  expect(lines.filter((line) => line.startsWith('devices:'))).toEqual([
    'devices: gpu:0 gpu:1',
    'devices: gpu:1',
  ]);
});

test('own-strategy keeps its debts until the dock returns', async () => {
  const lines = capturedLog();
  await import('../../examples/own-strategy.ts');
  expect(lines.filter((line) => !line.includes(' ms '))).toEqual([
    'release: owed',
    'point 1: signalled',
    'release: signalled',
  ]);
});
