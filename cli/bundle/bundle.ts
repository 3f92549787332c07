/**
 * Modules of a program in one file, together with what V8 compiled them to: starting `syncline compositor` from it takes half the
 * time that Node's loader takes for the 290 files.
 *
 * A bundle is made by {@link writeBundle} when the checkout is set up (make-bundle.ts). The file: one line of JSON, the texts of the
 * modules (ASCII), V8's code caches. Packages and Node's own modules are not in it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

/** What a module gives to those who import it. */
export type ModuleExports = Readonly<Record<string, unknown>>;

export interface BundledModule {
  /** Path below dist/: `cli/main.js`. */
  readonly name: string;
  readonly text: string;
  /** Undefined: V8 compiles it when it runs. */
  readonly codeCache?: Uint8Array;
}

type ModuleFunction = (
  require: (name: string) => ModuleExports,
  importModule: (name: string) => Promise<ModuleExports>,
  url: () => string,
) => ModuleExports;

/** Of one module: where its text and its code cache lie. */
type Place = readonly [name: string, textBytes: number, cacheBytes: number];

/** V8 copies a code cache that does not lie at a multiple of this. */
const CACHE_ALIGNMENT = 8;

/** Modules that were read but not run: each runs when first asked for. */
export class Bundle {
  readonly #folder: string;
  readonly #modules = new Map<string, BundledModule>();
  readonly #running = new Map<string, ModuleExports | null>();
  readonly #scripts = new Map<string, Script>();
  readonly #requirePackage: NodeJS.Require;
  #refused = 0;

  /** Undefined: there is no such file. It lies in dist/, where its modules lie as well. */
  static open(file: string): Bundle | undefined {
    try {
      return new Bundle(dirname(file), readFileSync(file));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  private constructor(folder: string, content: Buffer) {
    this.#folder = folder;
    this.#requirePackage = createRequire(join(folder, 'bundle'));
    for (const module of readModules(content)) this.#modules.set(module.name, module);
  }

  /** How many code caches V8 did not take, being of another version or run with other flags: it compiled those modules. */
  get refusedCaches(): number {
    return this.#refused;
  }

  /** Runs a module of the bundle, once; else that is Node's `require`. */
  readonly require = (name: string): ModuleExports => {
    const module = this.#modules.get(name);
    // Packages and Node's own modules; what it gives is looked at by those who import it.
    if (!module) return this.#requirePackage(name) as ModuleExports;
    const known = this.#running.get(name);
    if (known) return known;
    if (known === null) throw new Error(`${name} imports itself in a circle`);
    this.#running.set(name, null);
    const exports = this.#run(module);
    this.#running.set(name, exports);
    return exports;
  };

  /** All modules; those that ran with the code V8 has of them by now. */
  recorded(): BundledModule[] {
    return [...this.#modules.values()].map(({ name, text }) => {
      const script = this.#scripts.get(name);
      return { name, text, ...(script && { codeCache: script.createCachedData() }) };
    });
  }

  #run({ name, text, codeCache }: BundledModule): ModuleExports {
    const path = `${this.#folder}/${name}`;
    const script = new Script(text, {
      filename: path,
      ...(codeCache && { cachedData: codeCache }),
    });
    this.#scripts.set(name, script);
    if (script.cachedDataRejected === true) this.#refused++;
    // module-text.ts made it.
    const run = script.runInThisContext() as ModuleFunction;
    return run(this.require, this.#import, () => pathToFileURL(path).href);
  }

  readonly #import = async (name: string): Promise<ModuleExports> => {
    await Promise.resolve();
    return this.require(name);
  };
}

/** Whole or not at all: others may be reading it. */
export function writeBundle(file: string, modules: readonly BundledModule[]): void {
  const texts = modules.map(({ text }) => Buffer.from(text, 'latin1'));
  const caches = modules.map(({ codeCache }) => codeCache ?? new Uint8Array(0));
  const places: Place[] = modules.map(({ name }, index) => [
    name,
    texts[index]?.length ?? 0,
    caches[index]?.length ?? 0,
  ]);
  const header = Buffer.from(`${JSON.stringify(places)}\n`, 'latin1');
  const parts: Uint8Array[] = [header, ...texts];
  let endBytes = parts.reduce((bytes, { length }) => bytes + length, 0);
  for (const cache of caches) {
    if (cache.length === 0) continue;
    const padding = new Uint8Array(alignedTo(endBytes) - endBytes);
    parts.push(padding, cache);
    endBytes += padding.length + cache.length;
  }
  const draft = `${file}-${process.pid}`;
  writeFileSync(draft, Buffer.concat(parts));
  renameSync(draft, file);
}

function* readModules(content: Buffer): Iterable<BundledModule> {
  const headerBytes = content.indexOf('\n') + 1;
  // What writeBundle wrote.
  const places = JSON.parse(content.toString('latin1', 0, headerBytes)) as readonly Place[];
  const textsBytes = places.reduce((bytes, [, textBytes]) => bytes + textBytes, 0);
  // One string, of which those of the modules are parts.
  const texts = content.toString('latin1', headerBytes, headerBytes + textsBytes);
  let textAt = 0;
  let cacheAt = headerBytes + textsBytes;
  for (const [name, textBytes, cacheBytes] of places) {
    const text = texts.slice(textAt, textAt + textBytes);
    textAt += textBytes;
    if (cacheBytes === 0) {
      yield { name, text };
      continue;
    }
    cacheAt = alignedTo(cacheAt);
    yield { name, text, codeCache: content.subarray(cacheAt, cacheAt + cacheBytes) };
    cacheAt += cacheBytes;
  }
}

function alignedTo(bytes: number): number {
  return Math.ceil(bytes / CACHE_ALIGNMENT) * CACHE_ALIGNMENT;
}
