#!/usr/bin/env node
/**
 * The one place that installs Debian packages: for set-up (a Rust toolchain), the VM (QEMU) and the tests (weston, foot…).
 *
 * As a program: `node cli/packages.mjs [--update] [--list FILE] [NAME...]` refreshes the lists, then installs what is missing, as root, and exits 3 with the
 * command to run when it may not. Plain Node without dependencies, because it runs before `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const APT_OPTIONS = ['-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
const UPDATE_ATTEMPTS = 10;
const UPDATE_RETRY_MS = 3_000;

/** Names in a list file: one package a line, `#` starts a comment. */
function readPackageList(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((name) => name !== '');
}

/** Of `names`, those that dpkg does not have fully installed. */
function missingPackages(names) {
  const format = '${binary:Package} ${db:Status-Status}\n';
  const result = spawnSync('dpkg-query', ['-W', '-f', format, ...names], { encoding: 'utf8' });
  const installed = new Set();
  for (const line of (result.stdout ?? '').split('\n')) {
    const [name = '', status] = line.split(' ');
    if (status === 'installed') installed.add(name.replace(/:.*/, ''));
  }
  return names.filter((name) => !installed.has(name));
}

/** The command a user without root has to run. */
function installCommand(names) {
  return `sudo apt-get install -y --no-install-recommends ${names.join(' ')}`;
}

/**
 * Makes sure that `names` are installed.
 * Returns `{ ok: true }`, or `{ ok: false, reason, command }` when they are not and cannot be.
 */
export function ensurePackages(names, log = (line) => process.stderr.write(`${line}\n`)) {
  if (names.length === 0) return { ok: true };
  const refused = (reason) => ({ ok: false, reason, command: installCommand(names) });
  if (!existsSync('/usr/bin/apt-get'))
    return refused(`no apt-get here to install ${names.join(', ')}`);
  const missing = missingPackages(names);
  if (missing.length === 0) return { ok: true };
  const wanted = missing.join(', ');
  if (process.getuid?.() !== 0)
    return refused(`not installed, and installing needs root: ${wanted}`);
  if (process.env.SYNCLINE_NO_INSTALL === '1') {
    return refused(`not installed, and SYNCLINE_NO_INSTALL=1 is set: ${wanted}`);
  }

  log(`installing Debian packages: ${missing.join(' ')}`);
  if (!havePackageLists()) updatePackageLists();
  const install = ['install', '--no-install-recommends', ...missing];
  let failure = apt(install);
  if (failure !== '') {
    // Stale lists name versions that the mirror no longer has.
    updatePackageLists();
    failure = apt(install);
  }
  if (failure !== '' || missingPackages(missing).length > 0) {
    return refused(`apt-get could not install ${wanted}: ${lastLines(failure, 5)}`);
  }
  return { ok: true };
}

/** `apt-get update` as root; another run of it may hold the lists' lock, which no apt option waits for. */
function updatePackageLists() {
  let failure = '';
  for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt++) {
    failure = apt(['update']);
    if (!failure.includes('Could not get lock')) break;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UPDATE_RETRY_MS);
  }
  return failure;
}

/** Whether `apt-get update` ever ran here: bare images ship without lists. */
function havePackageLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => /_Packages(\.\w+)?$/.test(name));
  } catch {
    return false;
  }
}

/** Runs apt-get quietly. Returns '' or what it said before failing. */
function apt(args) {
  const result = spawnSync('apt-get', [...APT_OPTIONS, '-qq', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
  if (result.status === 0) return '';
  return result.error?.message ?? `${result.stdout}${result.stderr}`;
}

function lastLines(text, count) {
  return text.trim().split('\n').slice(-count).join(' | ');
}

function main(args) {
  const names = [];
  for (let index = 0; index < args.length; index++) {
    if (args[index] === '--update') {
      const failure = updatePackageLists();
      if (failure === '') continue;
      process.stderr.write(`apt-get update failed: ${lastLines(failure, 3)}\n`);
      return 3;
    }
    if (args[index] === '--list') names.push(...readPackageList(args[++index] ?? ''));
    else names.push(args[index]);
  }
  const result = ensurePackages(names);
  if (result.ok) return 0;
  process.stderr.write(`${result.reason}\nrun: ${result.command}\n`);
  return 3;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = main(process.argv.slice(2));
}
