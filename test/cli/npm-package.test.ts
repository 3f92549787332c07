/** The package that `npm pack` makes, in a project of somebody else's. Its dependencies are those npm installed for us. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let project: string;
let packed: Packed;

function run(command: string, args: readonly string[], cwd: string) {
  const { XDG_RUNTIME_DIR: _, ...env } = process.env;
  return spawnSync(command, args, { cwd, env, encoding: 'utf8' });
}

function succeed(command: string, args: readonly string[], cwd = project): string {
  const { stdout, stderr, status } = run(command, args, cwd);
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

function link(name: string): void {
  const place = join(project, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', name), place);
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'syncline-package-'));
  const told = succeed('npm', ['pack', '--json', '--pack-destination', project], ROOT);
  // What npm says of the one package.
  [packed] = JSON.parse(told) as [Packed];
  const folder = join(project, 'node_modules', 'syncline');
  mkdirSync(folder, { recursive: true });
  const archive = join(project, packed.filename);
  succeed('tar', ['--extract', '--file', archive, '--strip-components=1'], folder);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) link(name);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('a compositor runs in a program, with an app in it', () => {
  const source = `
    import { AppSession } from 'syncline/compositor';
    import { OwnedFd } from 'syncline/native/fd';
    const session = AppSession.start({ outputs: [{ width: 300, height: 200 }] });
    const app = session.launch('sh', ['-c', 'exit 7']);
    console.log(await app.exited, OwnedFd.name);
    await session.stop();`;
  writeFileSync(join(project, 'program.js'), source);
  expect(succeed(process.execPath, ['program.js'])).toBe('7 OwnedFd\n');
});

test('its types are those of the source', () => {
  const source = `
    import { AppSession, type Compositor } from 'syncline/compositor';
    const session = AppSession.start({});
    export const right: Compositor = session.compositor;
    // @ts-expect-error It has a type.
    export const wrong: string = session.compositor;`;
  writeFileSync(join(project, 'program.ts'), source);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
  const libraries = ['--lib', 'es2023,esnext.disposable', '--types', 'node'];
  succeed(process.execPath, [TSC, ...options, ...libraries, 'program.ts']);
});

test('the command line runs, without setting anything up', () => {
  const program = join('node_modules', 'syncline', 'cli', 'syncline.mjs');
  const { status, stderr } = run(program, ['compositor', '--', 'sh', '-c', 'exit 7'], project);
  expect(status).toBe(7);
  expect(stderr).not.toContain('setup');
  expect(succeed(program, ['compare', '--list'])).toContain('failover');
});

test('it holds what runs and what is read, not what it was made of', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'dist/bundle/compositor.cjs',
      'dist/bundle/third-party-licences.txt',
      'lab/kernel/guest/init.sh',
      'native/build/syncline.node',
    ]),
  );
  const made = /^(test|examples|native\/src)\/|\.map$|\.tsbuildinfo$|(?<!\.d)\.ts$/;
  expect(paths.filter((path) => made.test(path))).toEqual([]);
});
