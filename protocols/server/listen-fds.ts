/** Sockets handed down by the service manager (sd_listen_fds(3)). */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';

const FIRST_FD = 3;

/**
 * The sockets of LISTEN_FDS when LISTEN_PID is `pid`, owned by the caller and close-on-exec; else none. Removes the variables
 * from `env`, so that children do not take them for theirs.
 */
export function takeListenFds(env: NodeJS.ProcessEnv, pid: number): OwnedFd[] {
  const count = Number(env['LISTEN_FDS'] ?? '');
  const meant = env['LISTEN_PID'] === `${pid}`;
  delete env['LISTEN_FDS'];
  delete env['LISTEN_PID'];
  delete env['LISTEN_FDNAMES'];
  if (!meant || !Number.isInteger(count) || count <= 0) return [];
  return Array.from({ length: count }, (_, index) => {
    native.setCloseOnExec(FIRST_FD + index, true);
    return new OwnedFd(FIRST_FD + index);
  });
}
