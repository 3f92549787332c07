#!/usr/bin/env node
/**
 * Makes a checkout ready to run: dependencies, native addon, compiled TypeScript, the compositor's bundle, `npx syncline`.
 *
 * Each step runs only when what it reads has changed; when nothing has, all of it is a few hundred stat(2) calls. `--build` runs
 * every step. Plain Node without dependencies: it is what makes the dependencies appear.
 * Exit status: 0 ready, 1 a step failed, 3 something is missing that only the user can provide.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensurePackages } from './packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MINIMUM_NODE = [20, 19];
/** The folders that are compiled to dist/: everything but tests. */
const PRODUCT_FOLDERS = [
  'native',
  'protocols',
  'devices',
  'sync',
  'compositor',
  'lab',
  'cli',
  'examples',
];
/** Lies in node_modules, so that `npm ci` and `rm -rf node_modules` make everything run again. */
const stampFile = join(root, 'node_modules', '.syncline-setup.json');

/** What the user has to change before set-up can go on. */
class MissingError extends Error {}

const steps = [
  {
    name: 'dependencies',
    inputs: () => hashFiles(['package-lock.json'], contentOf),
    outputs: ['node_modules/typescript'],
    run: () => {
      if (installedAsLocked()) return;
      execute('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund']);
    },
  },
  {
    name: 'native',
    inputs: () => {
      const sources = filesBelow('native/src', '.rs');
      return hashFiles(
        ['native/Cargo.toml', 'native/Cargo.lock', 'native/build.mjs', ...sources],
        statOf,
      );
    },
    outputs: ['native/build/syncline.node'],
    run: () => {
      requireCargo();
      execute('building the native addon', process.execPath, ['native/build.mjs']);
    },
  },
  {
    name: 'typescript',
    inputs: () => {
      const sources = PRODUCT_FOLDERS.flatMap((folder) => filesBelow(folder, '.ts'));
      const configs = PRODUCT_FOLDERS.map((folder) => `${folder}/tsconfig.json`);
      return hashFiles(['tsconfig.json', ...configs, ...sources], statOf);
    },
    outputs: ['dist/cli/main.js'],
    run: () =>
      execute('compiling', process.execPath, [
        'node_modules/typescript/bin/tsc',
        '-b',
        'cli',
        'examples',
      ]),
  },
  {
    name: 'bundle',
    // Rewritten by every compilation that changed something, also by one that was not ours.
    inputs: () => hashFiles(buildInfos(), statOf),
    outputs: [
      'dist/bundle/compositor.cjs',
      'dist/bundle/compositor.cjs.code',
      'dist/bundle/wire-server.cjs',
      'dist/bundle/wire-node-floor.cjs',
      'dist/bundle/sync-program.cjs',
    ],
    run: () =>
      execute('bundling the compositor', process.execPath, ['dist/cli/bundle/make-bundle.js']),
  },
];

/** Brings the checkout up to date and returns the exit status. Says what it does on stderr, nothing when there is nothing to do. */
export function setUp({ force = false } = {}) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    say(
      `needs Node ${MINIMUM_NODE.join('.')} or newer, this is ${process.versions.node}: see https://nodejs.org`,
    );
    return 3;
  }
  if (process.env.SYNCLINE_NO_SETUP === '1' || !isWritableCheckout()) return 0;
  if (!force && staleSteps().length === 0) return 0;
  // Two at once would trip over each other's files; the second finds nothing left to do.
  if (process.env.SYNCLINE_SETUP_LOCKED !== '1') {
    const status = runLocked(force);
    if (status !== undefined) return status;
  }
  return runSteps(force);
}

function runSteps(force) {
  try {
    for (const step of steps) {
      if (force || staleSteps().includes(step)) {
        const inputs = step.inputs();
        step.run();
        writeStamp(step.name, inputs);
      }
    }
    linkProgram();
    return 0;
  } catch (error) {
    say(error.message);
    return error instanceof MissingError ? 3 : 1;
  }
}

/** Runs set-up again in a child under flock(1), which lets go by itself however the child ends. Undefined: no flock here. */
function runLocked(force) {
  const lockFile = join(root, '.cache', 'setup.lock');
  mkdirSync(dirname(lockFile), { recursive: true });
  const command = [process.execPath, fileURLToPath(import.meta.url), ...(force ? ['--build'] : [])];
  const result = spawnSync('flock', ['--close', lockFile, ...command], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, SYNCLINE_SETUP_LOCKED: '1' },
  });
  return result.error ? undefined : (result.status ?? 1);
}

function staleSteps() {
  const stamp = readStamp();
  return steps.filter(
    (step) =>
      step.outputs.some((path) => !existsSync(join(root, path))) ||
      stamp[step.name] !== step.inputs(),
  );
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

/** `inputs` were taken before the step ran: what changed meanwhile counts as new. */
function writeStamp(name, inputs) {
  writeFileSync(stampFile, `${JSON.stringify({ ...readStamp(), [name]: inputs }, null, 2)}\n`);
}

function hashFiles(paths, describe) {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const path of paths) hash.update(`${path}\0${describe(join(root, path))}\0`);
  return hash.digest('hex');
}

function contentOf(file) {
  return readFileSync(file, 'utf8');
}

/** Cheaper than the content, and enough: tools that restore a file's time and size together with other content are not ours. */
function statOf(file) {
  const { mtimeMs, size } = statSync(file);
  return `${mtimeMs} ${size}`;
}

function filesBelow(folder, extension) {
  const skipped = /^(target|build|node_modules)$/;
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return skipped.test(entry.name) ? [] : filesBelow(path, extension);
      return entry.name.endsWith(extension) ? [path] : [];
    })
    .sort();
}

function buildInfos() {
  return PRODUCT_FOLDERS.map((folder) => `dist/${folder}.tsbuildinfo`).filter((path) =>
    existsSync(join(root, path)),
  );
}

/** Not in the VM, where the tree is read-only, nor in an installed package, which comes built. */
function isWritableCheckout() {
  try {
    accessSync(root, constants.W_OK);
    return existsSync(join(root, 'package-lock.json'));
  } catch {
    return false;
  }
}

/** Whether the user's own `npm ci` already put there what the lock file names (npm keeps a list of what it installed). */
function installedAsLocked() {
  try {
    const packagesIn = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
    const installed = packagesIn('node_modules/.package-lock.json');
    return Object.entries(packagesIn('package-lock.json')).every(([path, locked]) => {
      if (path === '') return true;
      // Optional packages may be for other platforms.
      if (installed[path] === undefined) return locked.optional === true;
      return installed[path].integrity === locked.integrity;
    });
  } catch {
    return false;
  }
}

function requireCargo() {
  if (!spawnSync('cargo', ['--version']).error) return;
  const result = ensurePackages(['cargo']);
  if (!result.ok) {
    throw new MissingError(
      `the native addon needs Rust's cargo: ${result.reason}\nrun: ${result.command}`,
    );
  }
}

/** `npx syncline` finds programs in node_modules/.bin; npm makes no link there for a package's own program. */
function linkProgram() {
  const link = join(root, 'node_modules', '.bin', 'syncline');
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync('../../cli/syncline.mjs', link);
}

/** Runs a program quietly in the project's folder. Throws with its output when it fails. */
function execute(what, program, args) {
  say(`${what}…`);
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error) throw new MissingError(`${program} cannot be run: ${result.error.message}`);
  if (result.status !== 0) {
    throw new Error(
      `${what} failed (${result.signal ?? result.status})\n${result.stdout}${result.stderr}`,
    );
  }
}

function say(text) {
  process.stderr.write(`syncline setup: ${text}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = setUp({ force: process.argv.includes('--build') });
}
