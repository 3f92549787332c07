/** Where a client finds its compositor (wayland-client.c: wl_display_connect). */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';

/** Why there is nothing to connect to. */
export class ConnectError extends Error {
  readonly code: 'BAD_WAYLAND_SOCKET' | 'NO_RUNTIME_DIR' | 'FAILED';

  constructor(code: ConnectError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ConnectError';
    this.code = code;
  }
}

/**
 * A connected socket, owned by the caller: the descriptor of WAYLAND_SOCKET (which is then removed from `env`) when no
 * `name` is given; else `name`, WAYLAND_DISPLAY or wayland-0, within XDG_RUNTIME_DIR unless absolute. Throws a ConnectError.
 */
export function connectToDisplay(env: NodeJS.ProcessEnv, name?: string): OwnedFd {
  const inherited = env['WAYLAND_SOCKET'];
  if (name === undefined && inherited !== undefined) return takeInherited(env, inherited);
  const wanted = name ?? (env['WAYLAND_DISPLAY'] || 'wayland-0');
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  if (!wanted.startsWith('/') && !runtimeDir?.startsWith('/'))
    throw new ConnectError('NO_RUNTIME_DIR', 'XDG_RUNTIME_DIR is not set to an absolute path');
  const path = wanted.startsWith('/') ? wanted : `${runtimeDir ?? ''}/${wanted}`;
  try {
    return new OwnedFd(native.connectUnix(path));
  } catch (cause) {
    throw new ConnectError('FAILED', `cannot connect to ${path}`, cause);
  }
}

function takeInherited(env: NodeJS.ProcessEnv, value: string): OwnedFd {
  delete env['WAYLAND_SOCKET'];
  const fd = Number(value);
  if (value === '' || !Number.isInteger(fd) || fd < 0)
    throw new ConnectError('BAD_WAYLAND_SOCKET', `WAYLAND_SOCKET is no descriptor: ${value}`);
  try {
    native.setCloseOnExec(fd, true);
    native.setNonBlocking(fd, true);
  } catch (cause) {
    throw new ConnectError('BAD_WAYLAND_SOCKET', `WAYLAND_SOCKET ${fd} is not open`, cause);
  }
  return new OwnedFd(fd);
}
