/** A compositor under measurement, as its users start it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { native } from '../../../native/binding.ts';
import { lastLines } from '../../kernel/process.ts';
import { LineProcess } from '../line-process.ts';
import { BenchBrokenError } from '../errors.ts';
import type { DesktopKind } from './desktops.ts';

const END_TIMEOUT_MS = 5_000;
const CLOCK_TICKS_PER_S = 100;
const MIB = 1024 * 1024;
const NOBODY = 65_534;

/** A running one, in a runtime folder of its own. It is ended with us, however we end. */
export class DesktopServer {
  readonly socketPath: string;
  /** From the start of the program to a client's first frame callback. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<void>;

  private constructor(
    parts: { child: ChildProcess; folder: string; socketPath: string; ended: Promise<void> },
    startMs: number,
  ) {
    this.#child = parts.child;
    this.#folder = parts.folder;
    this.#ended = parts.ended;
    this.socketPath = parts.socketPath;
    this.startMs = startMs;
  }

  /** `client`: the commit-client program, which tells when the first frame was there. Throws a BenchBrokenError. */
  static async start(kind: DesktopKind, client: string): Promise<DesktopServer> {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-bench-'));
    const socketPath = join(folder, kind.socket);
    for (const [name, text] of Object.entries(kind.files ?? {}))
      writeFileSync(join(folder, name), text);
    const { WAYLAND_DISPLAY: _, ...inherited } = process.env;
    const env: NodeJS.ProcessEnv = {
      ...inherited,
      ...kind.env,
      XDG_RUNTIME_DIR: folder,
      WAYLAND_DEBUG: '',
    };
    const startNs = native.monotonicNs();
    // setpriv (util-linux) becomes the program, with the kernel's promise to kill it when we are gone, in whatever way.
    const asNobody = kind.refusesRoot === true && process.getuid?.() === 0;
    if (asNobody) chownSync(folder, NOBODY, NOBODY);
    const args = [
      ...(asNobody ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []),
      '--pdeathsig=KILL',
      ...(kind.loader ?? []),
      kind.command,
      ...kind.args,
    ];
    const child = spawn('setpriv', args, { env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise<void>((resolve) => {
      child.on('error', () => resolve());
      child.on('close', () => resolve());
    });
    const parts = { child, folder, socketPath, ended };
    const first = new LineProcess(client, [socketPath, 'first-frame']);
    try {
      const gone = ended.then(() => {
        throw new BenchBrokenError(`${kind.command} ended: ${lastLines(said, 4)}`);
      });
      const { atNs } = JSON.parse(await Promise.race([first.line(), gone])) as { atNs: number };
      return new DesktopServer(parts, (atNs - Number(startNs)) / 1e6);
    } catch (error) {
      await new DesktopServer(parts, Number.NaN).stop();
      throw error;
    } finally {
      await first.end();
    }
  }

  /** VmRSS, in MiB. */
  get residentMib(): number {
    const pages = Number(readFileSync(`/proc/${this.#child.pid}/statm`, 'latin1').split(' ')[1]);
    return (pages * 4096) / MIB;
  }

  /** User and system time so far, in milliseconds; the resolution is that of the scheduler's tick. */
  get cpuMs(): number {
    const text = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_S;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
