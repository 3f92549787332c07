/** Results for people. */
import Table from 'cli-table3';
import type { BenchResult } from './result.ts';

/** A table: ratios above 1 mean that ours is better. */
export function renderBenchTable(results: readonly BenchResult[], colour: boolean): string {
  const table = new Table({
    head: [
      'test',
      'against',
      'wall',
      'CPU',
      'at most',
      'in node',
      'ours',
      'theirs',
      'unit',
      'limited by',
      'target',
      '',
    ],
    style: colour ? {} : { head: [], border: [] },
    colAligns: ['left', 'left', ...Array<'right'>(6).fill('right')],
  });
  for (const result of results) {
    if (result.note !== undefined) {
      table.push([result.name, { colSpan: 11, content: result.note }]);
      continue;
    }
    table.push([
      result.name,
      result.peer.split(',', 1)[0],
      ratio(result.wallRatio ?? result.memoryRatio),
      ratio(result.cpuRatio),
      both(result.floorWallRatio, result.floorCpuRatio),
      both(result.nodeFloorWallRatio, result.nodeFloorCpuRatio),
      String(result.ours ?? ''),
      String(result.theirs ?? ''),
      result.unit,
      limit(result),
      result.target ?? '',
      verdict(result, colour),
    ]);
    if (result.floors) {
      const floors = result.floors.map(
        ({ what, ours, wallRatio }) => `${what} ${ours} (${ratio(wallRatio)})`,
      );
      table.push(['', { colSpan: 11, content: `floors: ${floors.join('; ')}` }]);
    }
  }
  const peers = [...new Set(results.map(({ peer }) => peer).filter((peer) => peer !== ''))].join(
    '; ',
  );
  return `${table.toString()}\nratios: theirs / ours, above 1 ours is better; CPU: all threads of the server; at most: a server that does nothing but answer, in C and in node; peers: ${peers}`;
}

function both(wall: number | undefined, cpu: number | undefined): string {
  return wall === undefined ? '' : `${ratio(wall)} ${ratio(cpu)}`;
}

/** With how much of our time is not ours to save. */
function limit({ limitedBy, floorShare }: BenchResult): string {
  if (limitedBy === undefined || floorShare === undefined) return limitedBy ?? '';
  return `${limitedBy}, ${Math.round(100 * Math.min(1, floorShare))} % floor`;
}

function ratio(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : `${value.toFixed(2)}x`;
}

function verdict({ reached }: BenchResult, colour: boolean): string {
  if (reached === undefined) return '';
  const text = reached ? 'reached' : 'missed';
  return colour ? `\u001b[${reached ? 32 : 33}m${text}\u001b[0m` : text;
}
