/**
 * Makes dist/bundle/compositor.cjs, from which `syncline compositor` starts. Run by set-up when dist/ has changed (cli/setup.mjs).
 *
 * Rolldown joins the modules that the command can reach; a comment in front of each names it, for stack traces have the lines of the
 * joined file. Then the compositor is run once from that: V8's code for what a start takes is kept beside it. Where no compositor can
 * run that is the code of what was loaded until then.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { rolldown } from 'rolldown';
import { undoInlineDispatch } from '../../protocols/server/dispatch-inlining.ts';
import type { main as Main } from '../main.ts';
import { Bundle, codeFile } from './bundle.ts';

/** Compiled, this file is dist/cli/bundle/make-bundle.js. */
const DIST = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(DIST, 'cli', 'main.js');
/** As deep in dist/ as main.js, which looks for files beside it. */
const FILE = join(DIST, 'bundle', 'compositor.cjs');

const LICENCES = join(DIST, 'bundle', 'third-party-licences.txt');

/** The commands that main.js imports when they are asked for. */
const COMMAND = /^\.\/[a-z]+\.js$/;
const BUNDLED_COMMAND = './compositor.js';

async function joinModules(): Promise<{ code: string; modules: readonly string[] }> {
  const bundle = await rolldown({
    input: MAIN,
    platform: 'node',
    external: ['#native'],
    plugins: [
      {
        name: 'other-commands',
        resolveId: (specifier, importer) =>
          importer === MAIN && COMMAND.test(specifier) && specifier !== BUNDLED_COMMAND
            ? { id: specifier.replace('./', '../cli/'), external: true }
            : null,
      },
    ],
  });
  try {
    const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false });
    return { code: output[0].code, modules: output[0].moduleIds };
  } finally {
    await bundle.close();
  }
}

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

/** Whole or not at all: others may be reading it. */
function write(file: string, content: string | Buffer): void {
  const draft = `${file}-${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}

mkdirSync(dirname(FILE), { recursive: true });
// Of no use to the new one, and refused by it.
rmSync(codeFile(FILE), { force: true });
const { code, modules } = await joinModules();
write(LICENCES, licencesOf(modules));
write(FILE, code);
const bundle = Bundle.open(FILE);
if (!bundle) throw new Error(`${FILE} is not there`);
write(codeFile(FILE), await codeOfAStart(bundle));
// That of the compositor is not ours.
process.exitCode = 0;
