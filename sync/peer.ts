/** Who is at the other end of an owner's connection (SO_PEERCRED). Outlives connections: one process may make many. */
export interface SyncPeer {
  readonly uid: number;
  readonly pid: number;
}

/** For owners that no other process stands behind. */
export const OWN_PROCESS: SyncPeer = { uid: process.getuid?.() ?? 0, pid: process.pid };
