/** Explicit sync on the kernel's own devices: what the simulated tests claim, with GPUs that are really pulled. */
import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import type { Point, SyncobjDevice, SyncobjHandle } from '../../../devices/syncobj-device.ts';
import { FenceLab } from '../../../lab/kernel/fence-lab.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { SystemClock } from '../../../native/clock.ts';
import { Poller } from '../../../native/poller.ts';
import { ENODEV } from '../../../native/errno.ts';
import type { FenceOutcome } from '../../../sync/fence.ts';
import { SyncManager } from '../../../sync/manager.ts';
import { strategyByName } from '../../../sync/recovery/strategies.ts';
import type { Timeline } from '../../../sync/timeline.ts';
import { skipWithout, type OurModule } from './our-modules.ts';
import { settle, settleUntil } from './turns.ts';

const [FIRST = '', SECOND = ''] = listPciGpus().map(({ address }) => address);

let poller: Poller;
let kernel: LinuxKernel;
let manager: SyncManager | undefined;
const clientDevices: SyncobjDevice[] = [];

beforeEach(() => {
  poller = new Poller();
  kernel = new LinuxKernel({ poller });
});

afterEach(() => {
  manager?.dispose();
  manager = undefined;
  for (const device of clientDevices.splice(0)) device.close();
  kernel.dispose();
  poller.close();
  rescanGpus();
});

function start(strategy: string): SyncManager {
  const clock = new SystemClock({ ref: false });
  const started = new SyncManager({ kernel, poller, clock, strategy: strategyByName(strategy) });
  manager = started;
  return started;
}

/** The module of ours that a strategy cannot do without. */
const MODULE_OF: Readonly<Record<string, OurModule>> = {
  container: 'rendersync',
  'syncobj-device': 'syncobjdev',
};

/** Fences that end as told. */
function openLab(context: TestContext): FenceLab {
  skipWithout(context, 'fencelab');
  return new FenceLab();
}

function clientTimeline(address: string): { device: SyncobjDevice; handle: SyncobjHandle } {
  const node = kernel
    .listNodes()
    .find(({ id, kind }) => id === `pci:${address}` && kind === 'render');
  if (!node) throw new Error(`no render node of ${address}`);
  const device = kernel.openDevice(node);
  clientDevices.push(device);
  return { device, handle: device.createTimeline() };
}

function signal({ device, handle }: ReturnType<typeof clientTimeline>, point: Point): void {
  device.signal(Uint32Array.of(handle), BigUint64Array.of(point), 1);
}

function signalledPoint({ device, handle }: ReturnType<typeof clientTimeline>): Point | undefined {
  const points = new BigUint64Array(1);
  device.query(Uint32Array.of(handle), points, 1, 'signalled');
  return points[0];
}

function outcomesOf(timeline: Timeline, point: Point): FenceOutcome[] {
  const outcomes: FenceOutcome[] = [];
  timeline.waitForPoint(point).subscribe({
    next: (outcome) => outcomes.push(outcome),
    error: (error: unknown) => {
      throw error;
    },
  });
  return outcomes;
}

test.for(['re-import', 'import-all', 'container', 'syncobj-device', 'failover'])(
  '%s: the import device is pulled while a point is awaited, the client goes on',
  (strategy, context) => {
    const needed = MODULE_OF[strategy];
    if (needed) skipWithout(context, needed);
    const owner = start(strategy).createOwner('client', () => {});
    const client = clientTimeline(SECOND);
    const timeline = owner.importTimeline(client.device.exportTimelineFd(client.handle));
    const release = timeline.createRelease(10n);
    const use = release.use();
    release.seal();
    const waiting = outcomesOf(timeline, 1n);
    removeGpu(FIRST);
    settle(poller);
    expect(waiting).toEqual([]);
    signal(client, 1n);
    settleUntil(poller, () => waiting.length > 0);
    expect(waiting).toMatchObject([{ type: 'signalled' }]);
    const next = outcomesOf(timeline, 2n);
    signal(client, 2n);
    settleUntil(poller, () => next.length > 0);
    expect(next).toMatchObject([{ type: 'signalled' }]);
    use.end();
    expect(release.state).toBe('signalled');
    expect(signalledPoint(client)).toBe(10n);
  },
);

test('single-import: the armed eventfd still fires, what needs the device afterwards is stuck', () => {
  const owner = start('single-import').createOwner('client', () => {});
  const client = clientTimeline(SECOND);
  const timeline = owner.importTimeline(client.device.exportTimelineFd(client.handle));
  const waiting = outcomesOf(timeline, 1n);
  removeGpu(FIRST);
  settle(poller);
  signal(client, 1n);
  settleUntil(poller, () => waiting.length > 0);
  expect(waiting).toMatchObject([{ type: 'signalled', errorsVisible: false }]);
  const release = timeline.createRelease(10n);
  release.seal();
  expect(release.state).toBe('owed');
  expect(signalledPoint(client)).toBe(1n);
});

test('ENODEV from an ioctl is enough: no event is read before the wait has moved', () => {
  const owner = start('re-import').createOwner('client', () => {});
  const client = clientTimeline(SECOND);
  const fd = client.device.exportTimelineFd(client.handle);
  removeGpu(FIRST);
  const timeline = owner.importTimeline(fd);
  const waiting = outcomesOf(timeline, 1n);
  expect(manager?.devices.map(({ id }) => id)).not.toContain(`pci:${FIRST}`);
  signal(client, 1n);
  settleUntil(poller, () => waiting.length > 0);
  expect(waiting).toMatchObject([{ type: 'signalled' }]);
});

test('the error of a fence is seen, although a later point exists by then', (context) => {
  const lab = openLab(context);
  const owner = start('failover').createOwner('client', () => {});
  const client = clientTimeline(SECOND);
  const timeline = owner.importTimeline(client.device.exportTimelineFd(client.handle));
  const failing = lab.createFence();
  const fine = lab.createFence();
  const waiting = outcomesOf(timeline, 1n);
  client.device.importSyncFile(client.handle, 1n, failing.syncFile.fd);
  settle(poller);
  client.device.importSyncFile(client.handle, 2n, fine.syncFile.fd);
  failing.signal(ENODEV);
  fine.signal(0);
  settleUntil(poller, () => waiting.length > 0);
  expect(waiting).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  for (const fence of [failing, fine]) fence.syncFile.close();
  lab.close();
});

test('a held fence does not notice that every GPU goes, and tells its error', (context) => {
  const lab = openLab(context);
  const owner = start('re-import').createOwner('client', () => {});
  const client = clientTimeline(SECOND);
  const timeline = owner.importTimeline(client.device.exportTimelineFd(client.handle));
  const fence = lab.createFence();
  client.device.importSyncFile(client.handle, 1n, fence.syncFile.fd);
  const waiting = outcomesOf(timeline, 1n);
  removeGpu(FIRST);
  removeGpu(SECOND);
  settle(poller);
  fence.signal(ENODEV);
  settleUntil(poller, () => waiting.length > 0);
  expect(waiting).toMatchObject([{ type: 'failed', errno: ENODEV }]);
  fence.syncFile.close();
  lab.close();
});

test('a release fence goes into the point early', (context) => {
  const lab = openLab(context);
  const owner = start('failover').createOwner('client', () => {});
  const client = clientTimeline(SECOND);
  const timeline = owner.importTimeline(client.device.exportTimelineFd(client.handle));
  const fence = lab.createFence();
  const release = timeline.createRelease(1n);
  const use = release.use();
  release.seal();
  use.end(fence.syncFile.dup());
  expect(release.state).toBe('signalled');
  expect(signalledPoint(client)).toBe(0n);
  fence.signal(0);
  settleUntil(poller, () => signalledPoint(client) === 1n);
  fence.syncFile.close();
  lab.close();
});

test('twenty rounds of pulling and plugging leave nothing stuck, lost or held', () => {
  const owner = start('failover').createOwner('client', () => {});
  for (let round = 0; round < 20; round++) {
    const gone = round % 2 === 0 ? FIRST : SECOND;
    const stays = round % 2 === 0 ? SECOND : FIRST;
    const client = clientTimeline(stays);
    const timelines = Array.from({ length: 10 }, () =>
      owner.importTimeline(client.device.exportTimelineFd(client.handle)),
    );
    const waits = timelines.map((timeline) => outcomesOf(timeline, 1n));
    const releases = timelines.map((timeline) => timeline.createRelease(2n));
    removeGpu(gone);
    signal(client, 1n);
    settleUntil(poller, () => waits.every((outcomes) => outcomes.length > 0));
    for (const release of releases) release.seal();
    for (const timeline of timelines) timeline.dispose();
    expect(waits.map(([outcome]) => outcome?.type)).toEqual(waits.map(() => 'signalled'));
    expect(releases.map(({ state }) => state)).toEqual(releases.map(() => 'signalled'));
    expect(owner.stats()).toMatchObject({
      handles: 0,
      counts: { timelines: 0, waits: 0, registrations: 0, releases: 0, fds: 0 },
    });
    for (const device of clientDevices.splice(0)) device.close();
    rescanGpus();
    settle(poller);
  }
});
