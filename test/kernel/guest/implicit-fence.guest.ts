/** Clients without the protocol on the real kernel: what a driver puts into a dma-buf's reservation is awaited like a point. */
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { FenceLab } from '../../../lab/kernel/fence-lab.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { createUdmabuf } from '../../../lab/world/udmabuf.ts';
import { SystemClock } from '../../../native/clock.ts';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { Poller } from '../../../native/poller.ts';
import { ENODEV } from '../../../native/errno.ts';
import { O_CLOEXEC, O_RDWR } from '../../../native/open-flags.ts';
import type { FenceOutcome } from '../../../sync/fence.ts';
import { SyncManager } from '../../../sync/manager.ts';
import type { SyncOwner } from '../../../sync/owner.ts';
import { DEFAULT_STRATEGY } from '../../../sync/recovery/default-strategy.ts';
import { skipWithout } from './our-modules.ts';
import { settle, settleUntil } from './turns.ts';

const VGEM_FENCE_WRITE = 1;

let poller: Poller;
let kernel: LinuxKernel;
let manager: SyncManager;
let owner: SyncOwner;

beforeEach(() => {
  poller = new Poller();
  kernel = new LinuxKernel({ poller });
  const clock = new SystemClock({ ref: false });
  manager = new SyncManager({ kernel, poller, clock, strategy: DEFAULT_STRATEGY });
  owner = manager.createOwner('client', () => {});
});

afterEach(() => {
  manager.dispose();
  kernel.dispose();
  poller.close();
  rescanGpus();
});

function outcomesOf(dmabuf: OwnedFd): FenceOutcome[] {
  const outcomes: FenceOutcome[] = [];
  owner.waitForDmabuf(dmabuf.fd).subscribe((outcome) => outcomes.push(outcome));
  return outcomes;
}

/** vgem's primary node: the only driver in the VM that attaches fences of its own accord. */
function openVgem(): OwnedFd {
  for (const name of readdirSync('/dev/dri').filter((entry) => entry.startsWith('card'))) {
    const card = new OwnedFd(native.open(`/dev/dri/${name}`, O_RDWR, 0));
    if (native.drmVersion(card.fd).name === 'vgem') return card;
    card.close();
  }
  throw new Error('no vgem');
}

test('a buffer nobody writes to is ready at once', () => {
  using buffer = createUdmabuf(16, 16).dmabuf;
  expect(outcomesOf(buffer)).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
});

test('the fence a driver has attached (vgem) is awaited', () => {
  using vgem = openVgem();
  const { handle } = native.drmCreateDumb(vgem.fd, 16, 16, 32);
  const fence = native.vgemFenceAttach(vgem.fd, handle, VGEM_FENCE_WRITE);
  using buffer = new OwnedFd(native.drmPrimeHandleToFd(vgem.fd, handle, O_RDWR | O_CLOEXEC));
  const outcomes = outcomesOf(buffer);
  settle(poller);
  expect(outcomes).toEqual([]);
  expect(owner.stats().waits).toMatchObject([{ phase: 'submitted', timelineId: 0 }]);
  const beforeNs = native.monotonicNs();
  native.vgemFenceSignal(vgem.fd, fence);
  settleUntil(poller, () => outcomes.length > 0);
  expect(outcomes).toMatchObject([{ type: 'signalled', errorsVisible: true }]);
  const [outcome] = outcomes;
  if (outcome?.type !== 'signalled') throw new Error('not signalled');
  expect(outcome.timestampNs).toBeGreaterThanOrEqual(beforeNs);
});

test('a fence that fails is told as failed, and no GPU is needed for it', (context) => {
  skipWithout(context, 'fencelab');
  const lab = new FenceLab();
  const fence = lab.createFence();
  using buffer = createUdmabuf(16, 16).dmabuf;
  kernel.dmabufs.importSyncFile(buffer.fd, fence.syncFile.fd, 'write');
  const outcomes = outcomesOf(buffer);
  for (const { address } of listPciGpus()) removeGpu(address);
  settle(poller);
  expect(outcomes).toEqual([]);
  fence.signal(ENODEV);
  settleUntil(poller, () => outcomes.length > 0);
  expect(outcomes).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  fence.syncFile.close();
  lab.close();
});

test('readers of a buffer are not waited for', (context) => {
  skipWithout(context, 'fencelab');
  const lab = new FenceLab();
  const reading = lab.createFence();
  using buffer = createUdmabuf(16, 16).dmabuf;
  kernel.dmabufs.importSyncFile(buffer.fd, reading.syncFile.fd, 'read');
  expect(outcomesOf(buffer)).toMatchObject([{ type: 'signalled' }]);
  reading.signal(0);
  reading.syncFile.close();
  lab.close();
});
