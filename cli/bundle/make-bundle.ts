/**
 * Makes dist/bundle/: compositor.cjs, from which `syncline compositor` starts, and the programs of ours that the bench measures. Run by
 * set-up when dist/ has changed (cli/setup.mjs).
 *
 * Rolldown joins the modules that each can reach. Then the compositor is run once from its file: V8's code for what a start takes is kept
 * beside it. Where no compositor can run that is the code of what was loaded until then.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Plugin } from 'rolldown';
import { OWN_PROGRAMS } from '../../lab/bench/own-programs.ts';
import { undoInlineDispatch } from '../../protocols/server/dispatch-inlining.ts';
import type { main as Main } from '../main.ts';
import { Bundle, codeFile } from './bundle.ts';
import { joinModules, writeWhole } from './join-modules.ts';

/** Compiled, this file is dist/cli/bundle/make-bundle.js. */
const DIST = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(DIST, 'cli', 'main.js');
/** As deep in dist/ as main.js, which looks for files beside it. */
const FILE = join(DIST, 'bundle', 'compositor.cjs');

const LICENCES = join(DIST, 'bundle', 'third-party-licences.txt');

/** The commands that main.js imports when they are asked for. */
const COMMAND = /^\.\/[a-z]+\.js$/;
const BUNDLED_COMMAND = './compositor.js';

const withoutOtherCommands: Plugin = {
  name: 'other-commands',
  resolveId: (specifier, importer) =>
    importer === MAIN && COMMAND.test(specifier) && specifier !== BUNDLED_COMMAND
      ? { id: specifier.replace('./', '../cli/'), external: true }
      : null,
};

/** Those of the packages that are joined with ours: whoever passes the bundle on passes them on. */
function licencesOf(modules: readonly string[]): string {
  const packages = new Set<string>();
  for (const module of modules) {
    const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];
    if (folder !== undefined) packages.add(folder);
  }
  const texts = [...packages].sort().map((folder) => {
    const licence = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (licence === undefined) throw new Error(`${folder} has no licence`);
    return `== ${basename(folder)}\n\n${readFileSync(join(folder, licence), 'utf8')}`;
  });
  return texts.join('\n');
}

async function codeOfAStart(bundle: Bundle): Promise<Buffer> {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'syncline-bundle-'));
  process.env['XDG_RUNTIME_DIR'] = runtimeDir;
  try {
    // What cli/main.ts exports.
    const { main } = bundle.run() as { main: typeof Main };
    await main(['compositor', '--', process.execPath, '--eval', '0']);
  } finally {
    rmSync(runtimeDir, { recursive: true, force: true });
  }
  // V8 takes no code that was compiled under other flags; the first is the one that young-generation.ts sets, at its default.
  setFlagsFromString('--semi-space-growth-factor=2');
  undoInlineDispatch();
  return bundle.code();
}

mkdirSync(dirname(FILE), { recursive: true });
// Of no use to the new one, and refused by it.
rmSync(codeFile(FILE), { force: true });
const { code, modules } = await joinModules(MAIN, [withoutOtherCommands]);
writeWhole(FILE, code);
const all = new Set(modules);
for (const { module, file } of OWN_PROGRAMS) {
  const program = await joinModules(join(DIST, module));
  writeWhole(join(DIST, file), program.code);
  for (const path of program.modules) all.add(path);
}
writeWhole(LICENCES, licencesOf([...all]));
const bundle = Bundle.open(FILE);
if (!bundle) throw new Error(`${FILE} is not there`);
writeWhole(codeFile(FILE), await codeOfAStart(bundle));
// That of the compositor is not ours.
process.exitCode = 0;
