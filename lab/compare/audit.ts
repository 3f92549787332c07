/** After the surfaces are gone every release is due: asks a live device which of them were signalled. */
import type { Point, SyncobjDevice } from '../../devices/syncobj-device.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { SyncClient } from '../clients/sync-client.ts';
import type { World } from '../world/world.ts';

/**
 * The number of release points nobody signalled, of commits that reached the compositor before their client vanished or was cut off.
 * Asked through whatever GPU is there, by the fds the auditor kept: a syncobj is bound to no device. Throws when no GPU is plugged in.
 */
export function countLostReleases(world: World, clients: readonly SyncClient[]): number {
  const node = world.importGpu.node ?? world.clientGpu.node;
  if (!node) throw new Error('no GPU to audit releases with');
  const device = world.kernel.openDevice(node);
  const signalled = new Map<OwnedFd, Point>();
  let lost = 0;
  try {
    for (const { timelineFd, point, record } of clients.flatMap((each) => each.owedReleases())) {
      if (record.receivedAtNs === undefined && world.ledger.isGone(record.client)) continue;
      const reached = signalled.get(timelineFd) ?? signalledPoint(device, timelineFd);
      signalled.set(timelineFd, reached);
      if (reached < point) lost += 1;
    }
  } finally {
    device.close();
  }
  return lost;
}

function signalledPoint(device: SyncobjDevice, timelineFd: OwnedFd): Point {
  const points = new BigUint64Array(1);
  const handle = device.importTimeline(timelineFd.fd);
  device.query(Uint32Array.of(handle), points, 1, 'signalled');
  device.destroy(handle);
  return (points[0] ?? 0n) as Point;
}
