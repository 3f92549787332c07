/** Runs `syncline compositor`, and programs inside it, in a private runtime directory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signalGroup } from '../../native/process-group.ts';
import { Control } from './apps-control.ts';

/** What users run. */
const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
const SYNCLINE: readonly string[] = [CLI];

/** How long a program may take to leave on SIGTERM. */
const GRACE_MS = 1000;

/** A private directory for sockets and settings; the test removes it. */
export class Session {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'syncline-apps-'));
  readonly #programs: RunningProgram[] = [];

  /** Nothing of the user's settings, and software rendering: a GPU's buffers are not what these tests are about. */
  get env(): NodeJS.ProcessEnv {
    const { WAYLAND_DISPLAY: _, WAYLAND_SOCKET: __, DISPLAY: ___, ...env } = process.env;
    return {
      ...env,
      // It has run before the tests.
      SYNCLINE_NO_SETUP: '1',
      PATH: `${env['PATH'] ?? '/usr/bin:/bin'}:/usr/games`,
      HOME: this.directory,
      XDG_CONFIG_HOME: join(this.directory, 'config'),
      XDG_RUNTIME_DIR: this.directory,
      LIBGL_ALWAYS_SOFTWARE: '1',
      VK_LOADER_DRIVERS_SELECT: '*lvp*',
    };
  }

  /** `syncline compositor ARGS`, with a control socket and a display socket of that name. */
  start(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCompositor {
    const command = [...SYNCLINE, ...this.#compositor(name), ...args];
    return new RunningCompositor(
      name,
      this.run(process.execPath, command, env),
      this.controlPath(name),
    );
  }

  /** The arguments that run a second compositor as the command of the first. */
  nested(name: string, args: readonly string[]): string[] {
    const own = this.#compositor(name);
    return ['--', process.execPath, ...SYNCLINE, ...own, '--backend', 'nested', ...args];
  }

  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProgram {
    const running = new RunningProgram(
      spawn(program, args, {
        env: { ...this.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      }),
    );
    this.#programs.push(running);
    return running;
  }

  controlPath(name: string): string {
    return join(this.directory, `${name}.control`);
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.reverse()) await program.end();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #compositor(name: string): string[] {
    const sockets = ['--control', this.controlPath(name), '--socket', name];
    return ['compositor', '--gpus', 'none', ...sockets];
  }
}

/** A program in a process group of its own. */
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
      child.once('error', (error) => {
        this.output += error.message;
        resolve(-1);
      });
      child.once('close', (status) => resolve(status ?? -1));
    });
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Ends the group: SIGTERM, and SIGKILL for what ignores it. */
  async end(): Promise<void> {
    signalGroup(this.child, 'SIGTERM');
    const grace = setTimeout(() => signalGroup(this.child, 'SIGKILL'), GRACE_MS);
    await this.ended;
    clearTimeout(grace);
  }
}

export class RunningCompositor {
  /** For WAYLAND_DISPLAY. */
  readonly name: string;
  readonly program: RunningProgram;
  readonly #control: string;

  constructor(name: string, program: RunningProgram, control: string) {
    this.name = name;
    this.program = program;
    this.#control = control;
  }

  get ended(): Promise<number> {
    return this.program.ended;
  }

  /** Connects to its control socket, as soon as there is one. */
  controlled(): Promise<Control> {
    return Control.open(this.#control, () => this.program);
  }
}
