/**
 * A program in one file, with V8's code for it beside it: starting `syncline compositor` from it takes half the time that Node's loader
 * takes for its 290 modules. Both are made when the checkout is set up (make-bundle.ts).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

/** Node's for CommonJS. */
type ModuleFunction = (
  exports: unknown,
  require: NodeJS.Require,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

export class Bundle {
  readonly #script: Script;
  readonly #file: string;

  /** Undefined: there is no such file. It is CommonJS; the code, if it is there, lies in `<file>.code`. */
  static open(file: string): Bundle | undefined {
    const text = contentOf(file);
    return text && new Bundle(file, text, contentOf(codeFile(file)));
  }

  private constructor(file: string, text: Buffer, code: Buffer | undefined) {
    this.#file = file;
    // One line, so that V8's lines are the file's.
    const source = `(function (exports, require, module, __filename, __dirname) { ${text.toString('utf8')}\n})`;
    this.#script = new Script(source, {
      filename: file,
      ...(code && { cachedData: code }),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
  }

  /** Whether V8 took the code it was given. It does not when it is of another version or runs with other flags. */
  get hasCode(): boolean {
    return this.#script.cachedDataRejected === false;
  }

  /** What the file exports. Call it once. */
  run(): unknown {
    const module = { exports: {} };
    // The text says so.
    const run = this.#script.runInThisContext() as ModuleFunction;
    run(module.exports, createRequire(this.#file), module, this.#file, dirname(this.#file));
    return module.exports;
  }

  /** V8's code for the file, with that of the functions which ran until now. */
  code(): Buffer {
    return this.#script.createCachedData();
  }
}

/** Where the code of a bundle lies. */
export function codeFile(file: string): string {
  return `${file}.code`;
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
