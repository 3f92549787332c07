import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { inWorld, SECOND, watch } from './world.ts';

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

test(
  'who writes to a dma-buf awaits its readers, who reads it does not',
  inWorld((world) => {
    const owner = world.owner();
    const dmabuf = world.kernel.createDmabuf('sim:1', 4096);
    const fence = world.kernel.createFence();
    const syncFile = fence.exportSyncFile();
    world.kernel.dmabufs.importSyncFile(dmabuf.fd.fd, syncFile.fd, 'read');
    syncFile.close();
    const reads = watch(owner.waitForDmabuf(dmabuf.fd.fd, 'read'));
    const writes = watch(owner.waitForDmabuf(dmabuf.fd.fd, 'write'));
    expect(reads.outcomes).toMatchObject([{ type: 'signalled' }]);
    expect(writes.outcomes).toEqual([]);
    fence.signal();
    world.turn();
    expect(writes.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
    dmabuf.release();
  }),
);

test(
  'one that is polled is readable for readers, and writable for writers',
  inWorld((world) => {
    const owner = world.owner();
    // No dma-buf: it can always be written to, and read when something was.
    const reads = new OwnedFd(native.eventfd(0));
    const writes = new OwnedFd(native.eventfd(0));
    const seen = [
      watch(owner.waitForDmabuf(reads.fd, 'read')),
      watch(owner.waitForDmabuf(writes.fd, 'write')),
    ];
    world.turn();
    expect(seen.map(({ outcomes }) => outcomes.length)).toEqual([0, 1]);
    native.eventfdWrite(reads.fd, 1n);
    world.turn();
    expect(seen.map(({ outcomes }) => outcomes.length)).toEqual([1, 1]);
    reads.close();
    writes.close();
  }),
);

test(
  'a dma-buf whose fences cannot be exported is polled, and one that cannot be polled has none',
  inWorld((world) => {
    const owner = world.owner();
    // Neither is a dma-buf: an eventfd can be polled, a file cannot.
    const eventfd = new OwnedFd(native.eventfd(0));
    const polled = watch(owner.waitForDmabuf(eventfd.fd));
    world.turn();
    expect(polled.outcomes).toEqual([]);
    native.eventfdWrite(eventfd.fd, 1n);
    world.turn();
    expect(polled.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: false }]);
    const file = new OwnedFd(native.memfdCreate('no dma-buf', 0));
    const unpolled = watch(owner.waitForDmabuf(file.fd));
    expect(unpolled.outcomes).toMatchObject([{ type: 'signalled', errorsVisible: false }]);
    eventfd.close();
    file.close();
  }),
);

test(
  'a dma-buf that is polled already has not signalled for that',
  inWorld((world) => {
    const owner = world.owner();
    const eventfd = new OwnedFd(native.eventfd(0));
    const seen = [0, 1].map(() => watch(owner.waitForDmabuf(eventfd.fd)));
    const left = watch(owner.waitForDmabuf(eventfd.fd));
    world.advance(SECOND);
    left.unsubscribe();
    for (const wait of seen) expect(wait.outcomes).toEqual([]);
    native.eventfdWrite(eventfd.fd, 1n);
    world.advance(2n * SECOND);
    for (const wait of seen) expect(wait.outcomes).toMatchObject([{ type: 'signalled' }]);
    eventfd.close();
  }),
);

test(
  'what is no sync_file is an error of the caller, and closed',
  inWorld((world) => {
    const fd = new OwnedFd(native.eventfd(0));
    expect(watch(world.owner().waitForSyncFile(fd)).error).toBeInstanceOf(Error);
    expect(fd.closed).toBe(true);
  }),
);
