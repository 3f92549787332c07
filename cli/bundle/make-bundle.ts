/**
 * Makes dist/compositor.bundle, from which `syncline compositor` starts. Run by set-up when dist/ has changed (cli/setup.mjs).
 *
 * Joins the modules that the command can reach, then runs the compositor once from what it made: V8's code for what a start takes is
 * kept in the bundle. Where no compositor can run it holds the code of what was loaded until then.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { main as Main } from '../main.ts';
import { Bundle, writeBundle, type BundledModule } from './bundle.ts';
import { linkModules } from './link-modules.ts';

/** Compiled, this file is dist/cli/bundle/make-bundle.js. */
const DIST = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = 'cli/main.js';
const COMMAND = 'cli/compositor.js';

async function record(file: string): Promise<readonly BundledModule[]> {
  const bundle = Bundle.open(file);
  if (!bundle) throw new Error(`${file} is not there`);
  const runtimeDir = mkdtempSync(join(tmpdir(), 'syncline-bundle-'));
  process.env['XDG_RUNTIME_DIR'] = runtimeDir;
  try {
    // What cli/main.ts exports.
    const { main } = bundle.require(MAIN) as { main: typeof Main };
    await main(['compositor', '--', process.execPath, '--eval', '0']);
  } finally {
    rmSync(runtimeDir, { recursive: true, force: true });
  }
  // V8 takes no code that was compiled under other flags; this is the one that young-generation.ts sets, at its default.
  setFlagsFromString('--semi-space-growth-factor=2');
  return bundle.recorded();
}

const file = join(DIST, 'compositor.bundle');
// What the command line imports dynamically are the other commands.
writeBundle(
  file,
  linkModules(DIST, [MAIN, COMMAND], (name) => name !== MAIN),
);
writeBundle(file, await record(file));
// That of the compositor is not ours.
process.exitCode = 0;
