/** A child process that is asked and answers in lines of JSON. It ends when its stdin does, so it never outlives us. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { lastLines } from '../kernel/process.ts';
import { BenchBrokenError } from './errors.ts';

const END_TIMEOUT_MS = 5_000;
/** No test takes that long: who does not answer by then never will. */
const ANSWER_TIMEOUT_MS = 120_000;

interface Waiter {
  resolve(line: string): void;
  reject(error: Error): void;
}

/** Owns the process until {@link end}. */
export class LineProcess {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  readonly #lines: string[] = [];
  readonly #waiters: Waiter[] = [];
  #partial = '';
  #errors = '';
  #failure: Error | undefined;

  constructor(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv } = {}) {
    this.#name = command;
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#onText(text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    // A process that is gone takes no more questions: its end is told below.
    this.#child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#fail(reason);
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('close', (status, signal) => end(`ended (${signal ?? status})`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next line of its output. Rejects with a BenchBrokenError when it ends first. */
  line(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail('does not answer');
        this.#child.kill('SIGKILL');
      }, ANSWER_TIMEOUT_MS);
      const settle = <T>(then: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      };
      this.#waiters.push({ resolve: settle(resolve), reject: settle(reject) });
    });
  }

  /** Writes a line and resolves to the answer, parsed. */
  async ask(question: string): Promise<unknown> {
    this.#child.stdin.write(`${question}\n`);
    return JSON.parse(await this.line());
  }

  /** Ends its stdin and waits for its end; kills it when it does not come. Idempotent. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #onText(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) this.#lines.push(line);
      else waiter.resolve(line);
    }
  }

  #fail(reason: string): void {
    const said = lastLines(this.#errors, 4);
    this.#failure ??= new BenchBrokenError(
      `${this.#name} ${reason}${said === '' ? '' : `: ${said}`}`,
    );
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
  }
}
