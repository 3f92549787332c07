/** docs/explicit-sync-alone.md: its programs run as they stand, under the names the package exports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(new URL('../../docs/explicit-sync-alone.md', import.meta.url), 'utf8');
const programs = [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, program = '']) => program);

/** Its output, until it ends. Interrupted as soon as `until` is in it. */
async function run(program: string, until?: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (until !== undefined && output.includes(until)) child.kill('SIGINT');
    });
  }
  await once(child, 'close');
  return output;
}

test('the programs are shorter than thirty lines', () => {
  const lengths = programs.map((program) => program.trimEnd().split('\n').length);
  expect(lengths).toHaveLength(3);
  for (const length of lengths) expect(length).toBeLessThan(30);
});

test('watching tells what is there, and ends when interrupted', async () => {
  expect(await run(programs[0] ?? '', 'devices:')).toMatch(/^devices: .+\n$/);
});

test('the wait survives the unplug, and the release is signalled', async () => {
  expect(await run(programs[1] ?? '')).toBe('point 1: signalled\nrelease: signalled\n');
});

test('what a client had promised is ended when its GPU goes', async () => {
  expect(await run(programs[2] ?? '')).toBe('moved to gpu:0, ended: 2\n');
});
