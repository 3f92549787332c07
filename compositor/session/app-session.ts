/**
 * Apps in a compositor of their own, driven from Node: start one in a test, launch a program, find its window, click and type, wait for
 * what it shows, look at the pixels, stop. Nothing is global: as many as one likes run side by side.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, SystemClock } from '../../native/clock.ts';
import { Poller } from '../../native/poller.ts';
import { LinuxKernel } from '../../devices/linux/linux-kernel.ts';
import type { SyncKernel } from '../../devices/sync-kernel.ts';
import { Compositor } from '../compositor.ts';
import type { CompositorOptions } from '../config.ts';
import type { Output } from '../output/output.ts';
import type { Toplevel } from '../shell/toplevel.ts';
import { AppProcess, type LaunchOptions } from './app-process.ts';
import { AppWindow, type WindowHost } from './app-window.ts';
import { chordOf, KEY_SHIFT, strokesOf } from './us-keys.ts';

/** What a session hands on to its compositor as it is. */
const COMPOSITOR_OPTIONS = [
  'log',
  'outputs',
  'strategy',
  'windowManager',
  'trace',
  'syncTrace',
  'failurePolicy',
  'lostBuffers',
  'watchdog',
  'budgets',
  'totalBudgets',
  'syncBudgets',
] as const;

export interface AppSessionOptions extends Partial<
  Pick<CompositorOptions, (typeof COMPOSITOR_OPTIONS)[number]>
> {
  /** What apps find. Default: the process's, without its display and runtime directory. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where GPUs and fences are. The caller's. Default: the running kernel. */
  readonly kernel?: SyncKernel;
  /** Default: real time. With a ManualClock frames come when the caller moves it. */
  readonly clock?: Clock;
  /** How long waits may take in real time. Default: 10 s. */
  readonly timeoutMs?: number;
}

/** Which window: all that is given has to fit. */
export interface WindowQuery {
  /** Equal, or matching. */
  readonly title?: string | RegExp;
  readonly appId?: string | RegExp;
  /** Of a program (or a child of it) the session has launched: by process id. */
  readonly pid?: number | undefined;
}

/** What was waited for did not happen in time, or cannot happen any more; the message says what there is instead. */
export class SessionTimeoutError extends Error {
  readonly code = 'SYNCLINE_SESSION_TIMEOUT';

  constructor(message: string) {
    super(message);
    this.name = 'SessionTimeoutError';
  }
}

const DEFAULT_TIMEOUT_MS = 10_000;
const NS_PER_MS = 1_000_000n;

export class AppSession implements WindowHost {
  readonly compositor: Compositor;
  /** WAYLAND_DISPLAY, XDG_RUNTIME_DIR and the rest, for programs started by other means. */
  readonly env: NodeJS.ProcessEnv;
  readonly #poller: Poller;
  readonly #ownKernel: LinuxKernel | null;
  readonly #runtimeDir: string;
  readonly #timeoutMs: number;
  /** Programs outside know no other. */
  readonly #realTime = new SystemClock();
  readonly #apps: AppProcess[] = [];
  readonly #probes = new Set<() => void>();
  readonly #windows = new WeakMap<Toplevel, AppWindow>();
  #stopped = false;
  #stopping: Promise<void> | undefined;

  /** Listens when it returns. Throws PixmanMissingError where nothing can be drawn. */
  static start(options: AppSessionOptions = {}): AppSession {
    const poller = new Poller();
    const ownKernel = options.kernel ? null : new LinuxKernel({ poller });
    const runtimeDir = mkdtempSync(join(tmpdir(), 'syncline-session-'));
    try {
      return new AppSession(options, poller, ownKernel, runtimeDir);
    } catch (error) {
      rmSync(runtimeDir, { recursive: true, force: true });
      ownKernel?.dispose();
      poller.close();
      throw error;
    }
  }

  private constructor(
    options: AppSessionOptions,
    poller: Poller,
    ownKernel: LinuxKernel | null,
    runtimeDir: string,
  ) {
    const kernel = options.kernel ?? ownKernel;
    if (!kernel) throw new Error('a session without a kernel');
    this.#poller = poller;
    this.#ownKernel = ownKernel;
    this.#runtimeDir = runtimeDir;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.compositor = Compositor.create({
      poller,
      kernel,
      clock: options.clock ?? this.#realTime,
      keymap: { layout: 'us' },
      ...forCompositor(options),
    });
    const display = this.#listen();
    const { DISPLAY: _, WAYLAND_SOCKET: __, ...inherited } = options.env ?? process.env;
    this.env = { ...inherited, XDG_RUNTIME_DIR: runtimeDir, WAYLAND_DISPLAY: display };
    const look = (): void => this.#lookAgain();
    this.compositor.desktop.addFrameListener({ presented: look });
    this.compositor.scheduler.onApplied(look);
    this.compositor.shell.addWindowListener({ mapped: look, unmapped: look, titleChanged: look });
    poller.start();
  }

  /** Starts a program inside. It ends with the session, if not before. Throws once that is stopped. */
  launch(program: string, args: readonly string[] = [], options: LaunchOptions = {}): AppProcess {
    if (this.#stopped) throw new Error(`the session is stopped: ${program} cannot start in it`);
    const env = { ...this.env, ...options.env };
    const app = new AppProcess(program, args, { ...options, env }, this.#realTime);
    this.#apps.push(app);
    void app.exited.then(() => this.#lookAgain());
    return app;
  }

  /** Those shown or minimised, bottom to top. */
  windows(): AppWindow[] {
    return this.compositor.shell.windows.map((toplevel) => this.#windowOf(toplevel));
  }

  /** The topmost that fits, or undefined. */
  findWindow(query: WindowQuery = {}): AppWindow | undefined {
    return this.windows().findLast((window) => fits(window, query));
  }

  /** A window that fits and has shown a frame. Rejects with a SessionTimeoutError, at once when all programs have ended. */
  waitForWindow(query: WindowQuery = {}): Promise<AppWindow> {
    const { title, appId, pid } = query;
    const what = [title ?? '', appId ?? '', pid ?? ''].map(String).filter(Boolean).join(', ');
    return this.waitUntil(`a window ${what}`, () => {
      const window = this.findWindow(query);
      if (window && window.framesPresented > 0) return window;
      const ended = this.#apps.length > 0 && this.#apps.every(({ status }) => status !== undefined);
      if (ended && !window)
        throw this.#error(`no program is left that could show ${what || 'one'}`);
      return undefined;
    });
  }

  /** Resolves to the first true value of `probe`, which is asked after each commit, frame, change of windows and end of a program. */
  waitUntil<T>(what: string, probe: () => T | null | undefined | false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const ask = (): boolean => {
        let value: T | null | undefined | false;
        try {
          if (this.#stopped) throw this.#error(`stopped while waiting for ${what}`);
          value = probe();
        } catch (error) {
          end();
          reject(error as Error);
          return true;
        }
        if (value === null || value === undefined || value === false) return false;
        end();
        resolve(value);
        return true;
      };
      const deadlineNs = this.#realTime.nowNs() + BigInt(this.#timeoutMs) * NS_PER_MS;
      const timer = this.#realTime.at(deadlineNs, () => {
        if (ask()) return;
        end();
        reject(this.#error(`waited ${this.#timeoutMs} ms in vain for ${what}`));
      });
      const end = (): void => {
        timer.close();
        this.#probes.delete(ask);
      };
      this.#probes.add(ask);
      ask();
    });
  }

  /** Writes a text with the keys of a US keyboard, to the window that has it. Throws a RangeError for other characters. */
  type(text: string): void {
    const { keyboard } = this.compositor.seat;
    for (const { key, shift } of strokesOf(text)) {
      if (shift) this.act(() => keyboard.key(KEY_SHIFT, true));
      this.act(() => keyboard.key(key, true));
      this.act(() => keyboard.key(key, false));
      if (shift) this.act(() => keyboard.key(KEY_SHIFT, false));
    }
  }

  /** Presses keys together, "ctrl+shift+c" or "enter", and lets go of them. Throws a RangeError for an unknown name. */
  press(chord: string): void {
    const { keyboard } = this.compositor.seat;
    const keys = chordOf(chord);
    for (const key of keys) this.act(() => keyboard.key(key, true));
    for (const key of keys.reverse()) this.act(() => keyboard.key(key, false));
  }

  /** PNG of an output (default: the first) as last shown; null before its first frame. */
  screenshot(output?: Output): Buffer | null {
    return this.compositor.desktop.screenshot(output ?? this.compositor.outputs[0]);
  }

  /** The colour an output shows at a pixel, 0xRRGGBB; null before its first frame. */
  pixel(
    x: number,
    y: number,
    output: Output | undefined = this.compositor.outputs[0],
  ): number | null {
    const pixels = output && this.compositor.desktop.backend.pixels(output);
    if (!pixels || x < 0 || y < 0 || x >= pixels.width || y >= pixels.height) return null;
    const view = new DataView(pixels.bytes, pixels.offsetBytes);
    return view.getUint32(y * pixels.strideBytes + 4 * x, true) & 0xff_ff_ff;
  }

  act(action: () => void): void {
    const { display, desktop } = this.compositor;
    display.drain();
    action();
    desktop.settle();
    display.flush();
  }

  /** Ends the programs, then the compositor. Resolves when nothing is left; idempotent. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#lookAgain();
    await Promise.all(this.#apps.map((app) => app.stop()));
    this.compositor.dispose();
    this.#ownKernel?.dispose();
    this.#poller.stop();
    this.#poller.close();
    rmSync(this.#runtimeDir, { recursive: true, force: true });
  }

  #listen(): string {
    try {
      return this.compositor.listen({ runtimeDir: this.#runtimeDir });
    } catch (error) {
      this.compositor.dispose();
      throw error;
    }
  }

  #windowOf(toplevel: Toplevel): AppWindow {
    const known = this.#windows.get(toplevel);
    if (known) return known;
    const window = new AppWindow(this, toplevel);
    this.#windows.set(toplevel, window);
    return window;
  }

  #lookAgain(): void {
    for (const probe of this.#probes) probe();
  }

  /** With what somebody who reads a failed test wants to know. */
  #error(message: string): SessionTimeoutError {
    const windows = this.windows().map(({ title, appId }) => `"${title}" (${appId})`);
    const apps = this.#apps.map(({ command, status, output }) => {
      const state = status === undefined ? 'runs' : `ended with ${status}`;
      return `${command}: ${state}${output ? `\n${output.trimEnd()}` : ''}`;
    });
    const there = `windows: ${windows.join(', ') || 'none'}`;
    return new SessionTimeoutError([message, there, ...apps].join('\n'));
  }
}

function fits(window: AppWindow, { title, appId, pid }: WindowQuery): boolean {
  return (
    matches(window.title, title) &&
    matches(window.appId, appId) &&
    (pid === undefined || window.pid === pid)
  );
}

function matches(text: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? text === wanted : wanted.test(text);
}

/** Those that are given. */
function forCompositor(options: AppSessionOptions): Partial<CompositorOptions> {
  const given = COMPOSITOR_OPTIONS.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}
