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
