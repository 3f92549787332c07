/** Where the result of `--json FILE` goes. */
import { checkWritable, writeWhole } from './output-file.ts';

export class JsonOutput {
  readonly #path: string | undefined;

  /** Undefined: none is wanted; "-": standard output, alone there. Throws a CannotRunError when the file cannot be written. */
  constructor(path: string | undefined) {
    this.#path = path;
    if (path !== undefined && path !== '-') checkWritable(path);
  }

  /** For what people read: standard output, unless the JSON has that for itself. */
  get human(): NodeJS.WriteStream {
    return this.#path === '-' ? process.stderr : process.stdout;
  }

  /** The result as it is by now; a file has the last one written. */
  write(value: object): void {
    if (this.#path === undefined) return;
    const text = `${JSON.stringify(value, null, 2)}\n`;
    if (this.#path === '-') process.stdout.write(text);
    else writeWhole(this.#path, text);
  }

  /** The same while the work goes on: only for a file. */
  writeSoFar(value: object): void {
    if (this.#path !== '-') this.write(value);
  }
}
