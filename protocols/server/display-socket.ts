/** The socket clients connect to, with libwayland's lock file beside it (wayland-server.c: wl_socket_lock). */
import { lstatSync, unlinkSync } from 'node:fs';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_CLOEXEC, O_CREAT, O_RDWR } from '../../native/open-flags.ts';

const BACKLOG = 128;
const LOCK_MODE = 0o660;
/** sun_path with its terminator (unix(7)). */
const MAX_PATH_BYTES = 107;
/** wayland-0 is left alone: clients without WAYLAND_DISPLAY would find it. */
const AUTO_FIRST = 1;
const AUTO_LAST = 32;

/** Why no display socket could be made. */
export class DisplaySocketError extends Error {
  readonly code: 'NO_RUNTIME_DIR' | 'PATH_TOO_LONG' | 'IN_USE' | 'FAILED';

  constructor(code: DisplaySocketError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DisplaySocketError';
    this.code = code;
  }
}

/** A listening socket and the lock that keeps others off its name. */
export class DisplaySocket {
  /** What WAYLAND_DISPLAY is to be. */
  readonly name: string;
  readonly #path: string;
  readonly #lock: OwnedFd;
  readonly #socket: OwnedFd;

  private constructor(name: string, path: string, lock: OwnedFd, socket: OwnedFd) {
    this.name = name;
    this.#path = path;
    this.#lock = lock;
    this.#socket = socket;
  }

  /** The listening socket, borrowed. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** `name`: within `runtimeDir`, or an absolute path. Throws a DisplaySocketError. */
  static create(name: string, runtimeDir: string | undefined): DisplaySocket {
    const path = displayPath(name, runtimeDir);
    const lock = takeLock(path);
    try {
      removeStale(path);
      return new DisplaySocket(name, path, lock, new OwnedFd(native.listenUnix(path, BACKLOG)));
    } catch (cause) {
      unlinkQuietly(`${path}.lock`);
      lock.close();
      throw new DisplaySocketError('FAILED', `cannot listen on ${path}`, cause);
    }
  }

  /** The first free one of wayland-1 to wayland-32. */
  static createAuto(runtimeDir: string | undefined): DisplaySocket {
    for (let number = AUTO_FIRST; number <= AUTO_LAST; number++) {
      try {
        return DisplaySocket.create(`wayland-${number}`, runtimeDir);
      } catch (error) {
        if (!(error instanceof DisplaySocketError) || error.code !== 'IN_USE') throw error;
      }
    }
    throw new DisplaySocketError('IN_USE', 'wayland-1 to wayland-32 are all in use');
  }

  /** Unlinks the socket and its lock, then closes both. Idempotent. */
  close(): void {
    if (this.#socket.closed) return;
    unlinkQuietly(this.#path);
    unlinkQuietly(`${this.#path}.lock`);
    this.#socket.close();
    this.#lock.close();
  }
}

/** Where a display of this name is. Throws a DisplaySocketError without a runtime directory for a relative name. */
export function displayPath(name: string, runtimeDir: string | undefined): string {
  if (!name.startsWith('/') && (runtimeDir === undefined || !runtimeDir.startsWith('/')))
    throw new DisplaySocketError(
      'NO_RUNTIME_DIR',
      'XDG_RUNTIME_DIR is not set to an absolute path',
    );
  const path = name.startsWith('/') ? name : `${runtimeDir ?? ''}/${name}`;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new DisplaySocketError('PATH_TOO_LONG', `${path} is longer than ${MAX_PATH_BYTES} bytes`);
  return path;
}

function takeLock(path: string): OwnedFd {
  const flags = O_CREAT | O_RDWR | O_CLOEXEC;
  let lock: OwnedFd;
  try {
    lock = new OwnedFd(native.open(`${path}.lock`, flags, LOCK_MODE));
  } catch (cause) {
    throw new DisplaySocketError('FAILED', `cannot open ${path}.lock`, cause);
  }
  try {
    if (native.tryLock(lock.fd)) return lock;
  } catch (cause) {
    lock.close();
    throw new DisplaySocketError('FAILED', `cannot lock ${path}.lock`, cause);
  }
  lock.close();
  throw new DisplaySocketError('IN_USE', `${path} belongs to another compositor`);
}

/** With the lock held, a socket that is still there is of a compositor that died. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else removed it: what was wanted.
  }
}
