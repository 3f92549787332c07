/** Headless Chromium, driven over its debugging pipe: pages as a reader sees them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { signalGroup } from '../../native/process-group.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Its program, or undefined where there is none. */
export function findChromium(): string | undefined {
  return PROGRAMS.find((program) => spawnSync(program, ['--version']).status === 0);
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
];

const REMOVAL_ATTEMPTS = 50;
const REMOVAL_PAUSE_MS = 100;

/** One browser with one page. Close it. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #answers = new Map<number, (message: Message) => void>();
  /** Exceptions and console errors of the page. */
  readonly errors: string[] = [];
  #session: string | undefined;
  #lastId = 0;
  #rest = '';
  #onLoaded: (() => void) | undefined;

  private constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'syncline-chromium-'));
    this.#child = spawn(program, [...FLAGS, `--user-data-dir=${this.#profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = this.#child.stdio[4] as Readable;
    output.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
  }

  static async open(program: string): Promise<Chromium> {
    const self = new Chromium(program);
    const { targetId } = await self.#call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await self.#call('Target.attachToTarget', { targetId, flatten: true });
    self.#session = String(sessionId);
    for (const domain of ['Page', 'Runtime', 'Log']) await self.#call(`${domain}.enable`);
    return self;
  }

  /** Size of the window in CSS pixels; `mobile` as a phone lays out. */
  async resize(width: number, height: number, mobile = false): Promise<void> {
    const size = { width, height, mobile, deviceScaleFactor: 1 };
    await this.#call('Emulation.setDeviceMetricsOverride', size);
  }

  async setColourScheme(value: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value }];
    await this.#call('Emulation.setEmulatedMedia', { features });
  }

  /** Resolves when the page's load event has fired. */
  async navigate(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#onLoaded = resolve;
    });
    await this.#call('Page.navigate', { url });
    await loaded;
  }

  /** The value of an expression in the page, or of the promise it gives. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', options);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  /** PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    // Its helpers too, which would go on writing into the profile.
    signalGroup(this.#child, 'SIGKILL');
    for (const stream of this.#child.stdio) stream?.destroy();
    await ended;
    await this.#removeProfile();
  }

  /** The last helpers may still be ending. The retries of rmSync itself look at no directory twice. */
  async #removeProfile(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        rmSync(this.#profile, { recursive: true, force: true });
        return;
      } catch (error) {
        if (attempt === REMOVAL_ATTEMPTS) throw error;
        await setTimeout(REMOVAL_PAUSE_MS);
      }
    }
  }

  #call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const message = { id, method, params, ...(this.#session && { sessionId: this.#session }) };
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
    });
  }

  /** Messages end with a zero byte. */
  #receive(text: string): void {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) this.#handle(JSON.parse(part) as Message);
  }

  #handle(message: Message): void {
    const { id, method, params } = message;
    if (id !== undefined) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
      return;
    }
    if (method === 'Page.loadEventFired') this.#onLoaded?.();
    const entry = params?.['entry'] as { readonly level?: string } | undefined;
    const isConsoleError = method === 'Runtime.consoleAPICalled' && params?.['type'] === 'error';
    if (method === 'Runtime.exceptionThrown' || entry?.level === 'error' || isConsoleError) {
      this.errors.push(JSON.stringify(params));
    }
  }
}
