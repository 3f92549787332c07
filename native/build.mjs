/**
 * Builds the native addon into native/build/syncline.node, when its sources changed since the last build.
 * Works from any directory and prints one line. Needs cargo and the project's node_modules.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = dirname(fileURLToPath(import.meta.url));
const root = dirname(native);
const build = join(native, 'build');
const addon = join(build, 'syncline.node');
const stamp = join(build, 'sources.sha256');

const wanted = hashSources();
if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
  process.stdout.write('native addon: up to date\n');
} else {
  const startedMs = Date.now();
  const error = runBuild();
  if (error === undefined) {
    writeFileSync(stamp, wanted);
    process.stdout.write(
      `native addon: built in ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`,
    );
  } else {
    process.stderr.write(`native addon: not built: ${error}\n`);
    process.exitCode = 1;
  }
}

/** Names and contents of all that goes into the addon, and what it is built for. */
function hashSources() {
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch}\n`);
  const sources = readdirSync(join(native, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => join('src', name));
  for (const name of ['Cargo.toml', 'Cargo.lock', 'build.mjs', ...sources.sort()]) {
    hash.update(`${name}\n`).update(readFileSync(join(native, name)));
  }
  return hash.digest('hex');
}

/** Undefined when it worked, else the reason. */
function runBuild() {
  if (spawnSync('cargo', ['--version']).error) {
    return 'cargo is not installed (Debian: apt-get install cargo; elsewhere: https://rustup.rs)';
  }
  let cli;
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('@napi-rs/cli/package.json');
    cli = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.napi);
  } catch {
    return 'node_modules is missing (npm ci)';
  }
  mkdirSync(build, { recursive: true });
  // Its own folder: two builds may run at once.
  const staging = join(build, `staging-${process.pid}`);
  const options = ['--cwd', root, '--manifest-path', join('native', 'Cargo.toml')];
  options.push('--output-dir', relative(root, staging), '--no-js', '--release');
  try {
    return compile(cli, options, staging);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function compile(cli, options, staging) {
  const ran = spawnSync(
    process.execPath,
    [cli, 'build', ...options, '--', '--offline', '--locked'],
    {
      encoding: 'utf8',
    },
  );
  if (ran.status !== 0) return `napi build failed\n${ran.stdout}${ran.stderr}`;
  const built = readdirSync(staging).find((name) => name.endsWith('.node'));
  if (built === undefined) return `napi build left no addon in ${staging}`;
  // A rename: a process that has the old addon loaded keeps it whole.
  renameSync(join(staging, built), addon);
  return undefined;
}
