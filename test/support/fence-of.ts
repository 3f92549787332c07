import type { OwnedFd } from '../../native/fd.ts';
import type { Point, SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';

/** The fence of a point that must have one, as a sync_file owned by the caller. */
export function fenceOf(device: SyncobjDevice, handle: SyncobjHandle, point: Point): OwnedFd {
  const syncFile = device.exportSyncFile(handle, point);
  if (!syncFile) throw new Error(`${device.label}: point ${point} has no fence`);
  return syncFile;
}
