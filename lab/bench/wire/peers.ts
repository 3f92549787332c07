/** The two servers under measurement and the clients that measure them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../../kernel/process.ts';
import { LineProcess } from '../line-process.ts';
import { NODE_FLOOR_PROGRAM, ownProgram, WIRE_SERVER_PROGRAM } from '../own-programs.ts';
import { peerProgram, RAW_CLIENT, WIRE_CLIENT, WIRE_FLOOR, WIRE_SERVER } from '../peer-programs.ts';

const SOCKET = 'bench';

/** Programs of the wire bench, compiled. */
export interface WirePrograms {
  readonly clients: { readonly libwayland: string; readonly raw: string };
  readonly theirServer: string;
  readonly floorServer: string;
}

/** Throws a BenchUnavailableError when they cannot be compiled here. */
export async function wirePrograms(): Promise<WirePrograms> {
  return {
    clients: { libwayland: await peerProgram(WIRE_CLIENT), raw: await peerProgram(RAW_CLIENT) },
    theirServer: await peerProgram(WIRE_SERVER),
    floorServer: await peerProgram(WIRE_FLOOR),
  };
}

/** A server that can be started, as often as wanted. */
export interface WireServerKind {
  /** With its version. */
  readonly name: string;
  start(): Promise<WireServer>;
}

export function ourServer(): WireServerKind {
  return {
    name: 'ours',
    start: () =>
      WireServer.start(process.execPath, ['--expose-gc', ownProgram(WIRE_SERVER_PROGRAM)]),
  };
}

/** `loader`: what to put before the program, to run it with other libraries than the machine's. */
export function peerServer(
  programs: WirePrograms,
  name: string,
  loader: readonly string[] = [],
): WireServerKind {
  const [command, ...args] = [...loader, programs.theirServer];
  return { name, start: () => WireServer.start(command, args) };
}

/** The server that does nothing but answer (peers/wire-floor.c). */
export function floorServer(programs: WirePrograms): WireServerKind {
  return { name: 'the floor', start: () => WireServer.start(programs.floorServer, []) };
}

/** The same in node (node-floor.ts). */
export function nodeFloorServer(): WireServerKind {
  return {
    name: 'the floor in node',
    start: () => WireServer.start(process.execPath, [ownProgram(NODE_FLOOR_PROGRAM)]),
  };
}

/** A running server with a runtime folder of its own. */
export class WireServer {
  readonly socketPath: string;
  readonly #process: LineProcess;
  readonly #folder: string;

  private constructor(process: LineProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
    this.socketPath = join(folder, SOCKET);
  }

  /** Requests its handlers have seen since it started. */
  async requests(): Promise<number> {
    return ((await this.#process.ask('count')) as { requests: number }).requests;
  }

  /** What it holds now: resident pages, and what its allocator has given out (after a collection). */
  async memory(): Promise<ServerMemory> {
    return (await this.#process.ask('memory')) as ServerMemory;
  }

  async stop(): Promise<void> {
    await this.#process.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Used by {@link WireServerKind}. */
  static async start(command: string, args: readonly string[]): Promise<WireServer> {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-bench-'));
    const env = { ...process.env, XDG_RUNTIME_DIR: folder, WAYLAND_DEBUG: '' };
    const child = new LineProcess(command, [...args, SOCKET], { env });
    const server = new WireServer(child, folder);
    try {
      await child.line();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }
}

export interface ServerMemory {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

/** What a client program reports of one run (peers/measure.h: run_clients). */
export interface ClientReport {
  readonly wallNs: number;
  /** The server's, all threads. */
  readonly cpuNs: number;
  readonly mainThreadNs: number;
  /** The clients' own, summed. */
  readonly clientCpuNs: number;
  readonly messages: number;
  /** Requests made since the client started that handlers of the server see. */
  readonly requests: number;
}

/** Runs a client program to its end. Throws a BenchBrokenError when it fails or hangs. */
export async function runClient(program: string, args: readonly string[]): Promise<ClientReport> {
  const client = new LineProcess(program, args, { env: { ...process.env, WAYLAND_DEBUG: '' } });
  try {
    return JSON.parse(await client.line()) as ClientReport;
  } finally {
    await client.end();
  }
}

/** libwayland-server's version, from its package description. */
export async function libwaylandVersion(): Promise<string> {
  try {
    const text = await runProcess('pkg-config', ['--modversion', 'wayland-server']);
    return text.toString().trim();
  } catch {
    const format = ['-W', '-f', '${Version}', 'libwayland-server0'];
    return (await runProcess('dpkg-query', format)).toString().trim();
  }
}
