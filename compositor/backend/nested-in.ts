/** How a compositor becomes a window of another one. */
import type { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import type { BackendFactory } from '../config.ts';
import { type CompositorLog, silentLog } from '../log.ts';
import { HostConnection } from './host-connection.ts';
import { NestedBackend } from './nested.ts';
import type { NestedMode } from './nested-mode.ts';

export interface NestedInOptions {
  /** The inner compositor's; it has to run. */
  readonly poller: Poller;
  /** Says by WAYLAND_DISPLAY and XDG_RUNTIME_DIR where the host is. Default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** A socket connected to the host instead; owned from here on. */
  readonly fd?: OwnedFd;
  readonly log?: CompositorLog;
  /** Default: auto. */
  readonly mode?: NestedMode;
}

/**
 * Connects to the host compositor. What it resolves to is `backend` of one Compositor.create, which owns the connection from then on
 * and throws HostUnavailableError when the mode asks too much of the host. Rejects with it where there is no host.
 */
export async function nestedIn(options: NestedInOptions): Promise<BackendFactory> {
  const { poller, env = process.env, log = silentLog, mode, fd } = options;
  const host = await HostConnection.open({ poller, env, log, ...(fd && { fd }) });
  return (context) => new NestedBackend({ ...context, host, ...(mode && { mode }) });
}
