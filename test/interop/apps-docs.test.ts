/** docs/real-apps.md says what the tests do. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROGRAMS, type Program } from './apps-programs.ts';

const GUIDE = new URL('../../docs/real-apps.md', import.meta.url);

/** The cells of the guide's first table, without its head. */
function rows(): string[][] {
  const [, table = ''] = /\n\n(\| program[^]*?)\n\n/.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
}

function cellsOf({ name, frames, colours, shows }: Program): string[] {
  const parts = shows.map(([colour, share]) => {
    const percent = Number((share * 100).toFixed(3));
    return `${percent} % #${colour.toString(16).padStart(6, '0')}`;
  });
  return [name, String(frames), String(colours), parts.join(', ') || '–'];
}

test('each program of the catalogue has its row, with what it is judged by and what was seen', () => {
  const table = rows();
  expect(table.map((cells) => cells.slice(0, 4))).toEqual(PROGRAMS.map(cellsOf));
  for (const [name, , , , seen] of table) expect(seen, name).toMatch(/\w+ \w+/);
});

test('it names every file of tests with real programs', () => {
  const guide = readFileSync(GUIDE, 'utf8');
  for (const file of ['input', 'clipboard', 'windows', 'compositors', 'headless', 'docs']) {
    expect(guide).toContain(`apps-${file}.test.ts`);
  }
});
