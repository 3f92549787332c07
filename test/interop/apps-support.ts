/** Runs `syncline compositor` with a program inside, and asks it over its control socket. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled command line without its set-up, which has run before the tests. */
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LAUNCH =
  'const { main } = await import(process.argv[1]); process.exitCode = await main(process.argv.slice(2));';
const SYNCLINE: readonly string[] = ['--input-type=module', '--eval', LAUNCH, MAIN];
const POLL_MS = 50;

export interface SurfaceReport {
  readonly client: number;
  readonly surface: number;
  readonly role: string | null;
  readonly mapped: boolean;
  readonly title?: string;
  readonly appId?: string;
  readonly geometry?: { x: number; y: number; width: number; height: number };
  readonly framesPresented: number;
}

interface Answer {
  readonly id: number;
  readonly ok: boolean;
  readonly error?: string;
}

/** A private directory for sockets; the test removes it. */
export class Session {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'syncline-apps-'));
  readonly #children: ChildProcess[] = [];

  get env(): NodeJS.ProcessEnv {
    const { WAYLAND_DISPLAY: _, WAYLAND_SOCKET: __, ...env } = process.env;
    return { ...env, XDG_RUNTIME_DIR: this.directory };
  }

  /** `syncline compositor ARGS`, with a control socket. */
  start(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCompositor {
    const control = join(this.directory, `${name}.control`);
    const command = [...SYNCLINE, 'compositor', '--gpus', 'none', '--control', control, ...args];
    return new RunningCompositor(this.run(process.execPath, command, env), control);
  }

  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProgram {
    const child = spawn(program, args, {
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return new RunningProgram(child);
  }

  /** The arguments that run a second compositor as the command of the first. */
  nested(name: string, args: readonly string[]): string[] {
    const control = join(this.directory, `${name}.control`);
    const own = ['compositor', '--backend', 'nested', '--gpus', 'none', '--control', control];
    return ['--', process.execPath, ...SYNCLINE, ...own, ...args];
  }

  controlPath(name: string): string {
    return join(this.directory, `${name}.control`);
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class RunningProgram {
  readonly child: ChildProcess;
  /** Exit status, or -1 when a signal ended it. */
  readonly ended: Promise<number>;
  output = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = new Promise((resolve) => {
      child.once('close', (status) => resolve(status ?? -1));
    });
  }
}

export class RunningCompositor {
  readonly program: RunningProgram;
  readonly control: string;

  constructor(program: RunningProgram, control: string) {
    this.program = program;
    this.control = control;
  }

  get ended(): Promise<number> {
    return this.program.ended;
  }

  /** Connects to its control socket, as soon as there is one. */
  controlled(): Promise<Control> {
    return Control.open(this.control, () => this.program);
  }
}

export class Control {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;
  #partial = '';

  /** Rejects when `program` ended before. */
  static async open(path: string, program: () => RunningProgram): Promise<Control> {
    for (;;) {
      const socket = await tryConnect(path);
      if (socket) return new Control(socket);
      const { child, output } = program();
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the compositor ended with ${child.exitCode}:\n${output}`);
      }
      await pause(POLL_MS);
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const lines = (this.#partial + chunk.toString()).split('\n');
      this.#partial = lines.pop() ?? '';
      for (const line of lines) {
        const answer = JSON.parse(line) as Answer;
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    });
  }

  async ask<T = Answer>(op: string, fields: object = {}): Promise<T> {
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const closed = (): void => reject(new Error(`control socket closed during ${op}`));
      this.#socket.once('close', closed);
      this.#waiting.set(id, (received) => {
        this.#socket.off('close', closed);
        resolve(received);
      });
      this.#socket.write(`${JSON.stringify({ id, op, ...fields })}\n`);
    });
    if (!answer.ok) throw new Error(`${op}: ${answer.error}`);
    return answer as T;
  }

  async surfaces(): Promise<readonly SurfaceReport[]> {
    return (await this.ask<{ surfaces: SurfaceReport[] }>('surfaces')).surfaces;
  }

  /** Waits until a mapped window fulfils the condition. */
  async window(
    condition: (surface: SurfaceReport) => boolean = () => true,
  ): Promise<SurfaceReport> {
    for (;;) {
      const found = (await this.surfaces()).find(
        (surface) => surface.role === 'xdg_toplevel' && surface.mapped && condition(surface),
      );
      if (found) return found;
      await pause(POLL_MS);
    }
  }

  /** How many frames of the surface with most of them were presented. */
  async frames(): Promise<number> {
    return Math.max(0, ...(await this.surfaces()).map(({ framesPresented }) => framesPresented));
  }

  async type(...keys: readonly number[]): Promise<void> {
    for (const key of keys) {
      await this.ask('keyboard_key', { key, pressed: true });
      await this.ask('keyboard_key', { key, pressed: false });
    }
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from((await this.ask<{ png: string }>('screenshot')).png, 'base64');
  }

  close(): void {
    this.#socket.destroy();
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
