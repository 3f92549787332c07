/** The control socket: JSON lines over a Unix socket of mode 0600. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { controlOperations, type ControlContext } from './control-operations.ts';
import type { Operation } from './operation.ts';
import type { Fields } from './fields.ts';

/** Longest request; a line beyond it ends the connection. */
export const MAX_LINE_BYTES = 65_536;

/**
 * Answers `{"id":N,"op":…}` with `{"id":N,"ok":true,…}` or `{"id":N,"ok":false,"error":…}`, in order. Before an operation all that
 * clients have written is dispatched; its answer is sent after the events it caused are in the clients' sockets.
 */
export class ControlSocket {
  readonly path: string;
  readonly #context: ControlContext;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  private constructor(path: string, context: ControlContext) {
    this.path = path;
    this.#context = context;
    this.#operations = controlOperations(context);
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /** Resolves when it listens. Rejects with the system's error, for example EADDRINUSE. */
  static async open(path: string, context: ControlContext): Promise<ControlSocket> {
    await removeStale(path);
    const control = new ControlSocket(path, context);
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        control.#server.once('error', reject);
        control.#server.listen(path, () => {
          control.#server.off('error', reject);
          resolve();
        });
        // The socket's file is made by now: listen(2) on a path does not wait.
        process.umask(before);
      });
    } finally {
      process.umask(before);
    }
    chmodSync(path, 0o600);
    return control;
  }

  /** Runs one request line and gives the answer's line, without newlines. */
  answer(line: string): string {
    let id: unknown = null;
    try {
      const request: unknown = JSON.parse(line);
      if (typeof request !== 'object' || request === null) throw new Error('not a JSON object');
      const fields = request as Fields;
      id = fields['id'] ?? null;
      const result = this.#run(fields);
      return stringify({ id, ok: true, ...result });
    } catch (error) {
      return stringify({
        id,
        ok: false,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Ends connections and unlinks the socket. */
  dispose(): void {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    try {
      unlinkSync(this.path);
    } catch {
      // Somebody else has removed it, or close() did.
    }
  }

  #run(fields: Fields): object | void {
    const operation = this.#operations.get(String(fields['op']));
    if (!operation) throw new Error(`no operation ${JSON.stringify(fields['op'] ?? null)}`);
    const { display, desktop } = this.#context.compositor;
    display.drain();
    const result = operation(fields);
    desktop.settle();
    display.flush();
    return result;
  }

  #connected(socket: Socket): void {
    this.#connections.add(socket);
    socket.setEncoding('utf8');
    let partial = '';
    socket.on('data', (chunk: string) => {
      const lines = (partial + chunk).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) {
        if (line.trim() !== '' && socket.writable) socket.write(`${this.answer(line)}\n`);
      }
      if (partial.length > MAX_LINE_BYTES) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket));
  }
}

/** A socket nobody answers on was left by a compositor that was killed. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (refused) unlinkSync(path);
}

/** bigint as number: points and times of reports stay below 2^53. */
function stringify(value: object): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? Number(item) : item,
  );
}
