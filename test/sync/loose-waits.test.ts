import { expect, test } from 'vitest';
import { inWorld, watch } from './world.ts';

test(
  'a sync_file ends as its fence does, at once when that has signalled',
  inWorld((world) => {
    const owner = world.owner();
    const fences = [0, 1, 2].map(() => world.kernel.createFence());
    fences[0]?.signal();
    const seen = fences.map((fence) => watch(owner.waitForSyncFile(fence.exportSyncFile())));
    expect(seen[0]?.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
    fences[1]?.fail(5);
    world.turn();
    expect(seen[1]?.outcomes).toMatchObject([{ type: 'failed', errno: 5 }]);
    expect(owner.stats().waits).toMatchObject([{ phase: 'submitted', timelineId: 0 }]);
    seen[2]?.unsubscribe();
    expect(owner.stats().counts.waits).toBe(0);
  }),
);

test(
  'a sync_file that nobody subscribes to is closed with its owner',
  inWorld((world) => {
    const fd = world.kernel.createFence().exportSyncFile();
    world.owner().waitForSyncFile(fd);
    world.manager().dispose();
    expect(fd.closed).toBe(true);
  }),
);

test(
  'the implicit fences of a dma-buf are awaited, through the loss of their device',
  inWorld((world) => {
    const dmabuf = world.kernel.createDmabuf('sim:1', 4096);
    const owner = world.owner();
    const idle = watch(owner.waitForDmabuf(dmabuf.fd.fd));
    expect(idle.outcomes).toMatchObject([{ type: 'signalled' }]);
    const fence = world.kernel.createFence({ deviceId: 'sim:1' });
    const syncFile = fence.exportSyncFile();
    world.kernel.dmabufs.importSyncFile(dmabuf.fd.fd, syncFile.fd, 'write');
    syncFile.close();
    const seen = watch(owner.waitForDmabuf(dmabuf.fd.fd));
    expect(seen.outcomes).toEqual([]);
    world.unplug('sim:1');
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: 19 }]);
    dmabuf.release();
  }),
);
