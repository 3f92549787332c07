/** What a client leaves behind: debts that no device takes, and armed eventfds that the kernel cannot cancel. */
import { expect, test } from 'vitest';
import { LeftBehind, MAX_LEFT_BEHIND_PER_PROCESS } from '../../sync/left-behind.ts';
import type { SyncPeer } from '../../sync/peer.ts';
import {
  MAX_RETIRED_PER_OWNER,
  RetiredOwners,
  type RetiredOwner,
} from '../../sync/retired-owners.ts';
import type { SyncOwner } from '../../sync/owner.ts';
import { MS, SECOND, type ClientTimeline, type SyncWorld, inWorld } from './world.ts';

const PEER: SyncPeer = { uid: 1000, pid: 4242 };
const NEIGHBOUR: SyncPeer = { uid: 1001, pid: 4243 };

function ownerOf(world: SyncWorld, peer: SyncPeer, name = `of ${peer.pid}`): SyncOwner {
  return world.manager().createOwner(name, () => {}, peer);
}

function signalledAfterReturn(world: SyncWorld, client: ClientTimeline, fd: number): bigint {
  const device = world.clientDevice('sim:0');
  return client.signalledPoint(device, device.importTimeline(fd));
}

test(
  'a client that leaves while there is no device is owed its releases until one comes',
  inWorld((world) => {
    const owner = ownerOf(world, PEER);
    const client = world.client();
    // Another process holds the timeline, too, and waits for the release.
    const passedOn = client.exportFd();
    const timeline = owner.importTimeline(client.exportFd());
    const release = timeline.createRelease(3n);
    release.use();
    release.seal();
    world.unplug('sim:0');
    world.unplug('sim:1');
    owner.dispose();
    expect(release.state).toBe('owed');
    expect(world.manager().stats()).toMatchObject({
      owners: [],
      retired: { owners: 1, timelines: 1, releasesOwed: 1 },
      counts: { timelines: 1, releases: 1, fds: 1 },
    });
    world.plug('sim:0');
    expect(release.state).toBe('signalled');
    expect(signalledAfterReturn(world, client, passedOn.fd)).toBe(3n);
    passedOn.close();
    expect(world.manager().stats()).toMatchObject({
      retired: { owners: 0, timelines: 0, releasesOwed: 0 },
      counters: { releasesAbandoned: 0 },
      counts: { timelines: 0, releases: 0, fds: 0 },
      handles: 0,
    });
  }),
);

test(
  'a release whose signal found no memory as the client left is signalled later',
  inWorld((world) => {
    const owner = ownerOf(world, PEER);
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    const release = timeline.createRelease(1n);
    release.use();
    const restore = world.kernel.injectFault({ operation: 'signal', code: 'ENOMEM' });
    owner.dispose();
    expect(release.state).toBe('owed');
    restore();
    world.advance(SECOND);
    expect(release.state).toBe('signalled');
    expect(client.signalledPoint()).toBe(1n);
    expect(world.manager().stats().retired.owners).toBe(0);
  }),
);

test(
  'a retired debt moves from device to device like any other, through an unplug as it is paid',
  inWorld((world) => {
    const owner = ownerOf(world, PEER);
    const client = world.client('sim:2');
    const release = owner.importTimeline(client.exportFd()).createRelease(1n);
    for (const id of ['sim:0', 'sim:1', 'sim:2']) world.kernel.removeDevice(id);
    world.advance(100n * MS);
    owner.dispose();
    const stop = world.kernel.intercept(({ operation, phase, device }) => {
      if (operation !== 'signal' || phase !== 'before') return;
      stop();
      world.kernel.removeDevice(device.id);
    });
    world.plug('sim:0');
    expect(release.state).toBe('owed');
    world.plug('sim:1');
    expect(release.state).toBe('signalled');
  }, 3),
);

test(
  'strategies that keep no descriptor have nothing to pay with later',
  inWorld((world) => {
    world.manager('import-all');
    const owner = ownerOf(world, PEER);
    const release = owner.importTimeline(world.client().exportFd()).createRelease(1n);
    world.unplug('sim:0');
    world.unplug('sim:1');
    owner.dispose();
    expect(release.state).toBe('owed');
    expect(world.manager().stats().retired.owners).toBe(0);
    expect(world.manager().stats().counts.timelines).toBe(0);
  }),
);

test(
  'what one client may leave owed is bounded',
  inWorld((world) => {
    const owner = ownerOf(world, PEER);
    const client = world.client();
    const device = world.clientDevice('sim:1');
    for (let index = 0; index < MAX_RETIRED_PER_OWNER + 20; index++) {
      const fd = device.exportTimelineFd(client.handle);
      owner
        .importTimeline(fd)
        .createRelease(BigInt(index + 1))
        .use();
    }
    world.unplug('sim:0');
    world.unplug('sim:1');
    owner.dispose();
    expect(world.manager().stats().retired).toEqual({
      owners: 1,
      timelines: MAX_RETIRED_PER_OWNER,
      releasesOwed: MAX_RETIRED_PER_OWNER,
    });
    expect(world.manager().stats().counts.fds).toBe(MAX_RETIRED_PER_OWNER);
  }),
);

test('one peer cannot push out what others are owed: the greediest loses its oldest', () => {
  const forgotten: string[] = [];
  const owners = new RetiredOwners<RetiredOwner>(10);
  const add = (name: string, peer: SyncPeer, timelineCount: number): void => {
    const owner: RetiredOwner = {
      peer,
      timelineCount,
      forget: () => {
        forgotten.push(name);
        owners.delete(owner);
      },
    };
    owners.add(owner);
  };
  add('honest', NEIGHBOUR, 2);
  for (let round = 0; round < 5; round++) add(`hostile ${round}`, PEER, 4);
  expect(forgotten).toEqual(['hostile 0', 'hostile 1', 'hostile 2']);
  expect([...owners].map(({ timelineCount }) => timelineCount)).toEqual([2, 4, 4]);
});

/** Commits `points` descending points, each needing an eventfd armed of its own, that are never signalled; then leaves. */
function connectAndLeave(world: SyncWorld, client: ClientTimeline, points: number): void {
  const owner = ownerOf(world, PEER);
  const timeline = owner.importTimeline(client.exportFd());
  for (let point = points; point > 0; point--) world.wait(timeline, BigInt(point));
  owner.dispose();
}

test(
  'a client that connects again and again with points it never signals does not grow the kernel without bound',
  inWorld((world) => {
    const perConnection = 600;
    for (let round = 0; round < 10; round++) connectAndLeave(world, world.client(), perConnection);
    const client = world.client();
    const armed = world.kernel.accounting().armed;
    expect(armed).toBeGreaterThanOrEqual(MAX_LEFT_BEHIND_PER_PROCESS);
    expect(armed).toBeLessThan(MAX_LEFT_BEHIND_PER_PROCESS + perConnection);
    expect(world.manager().stats().registrationsLeftBehind).toBe(armed);

    // It is still served, by asking; and nobody else is worse off.
    const timeline = ownerOf(world, PEER).importTimeline(client.exportFd());
    const late = world.wait(timeline, 5000n);
    const neighbour = ownerOf(world, NEIGHBOUR).importTimeline(world.client().exportFd());
    const other = world.wait(neighbour, 1n);
    expect(world.kernel.accounting().armed).toBe(armed + 1);
    world.advance(SECOND);
    expect(late.outcomes).toEqual([]);
    client.submit(5000n).signal();
    world.advance(50n * MS);
    expect(late.outcomes).toMatchObject([{ type: 'signalled' }]);
    other.unsubscribe();
  }),
  30_000,
);

test('a user that forks before each connection meets a limit as well', () => {
  const left = new LeftBehind();
  let pid = 1;
  for (; !left.isFull({ uid: 7, pid }); pid++) left.book({ uid: 7, pid }, 1024);
  expect(pid).toBe(65);
  expect(left.isFull({ uid: 8, pid })).toBe(false);
  expect(left.total).toBe(65_536);
});

test(
  'with nobody else holding it the syncobj goes with its client, and what was armed with it',
  inWorld((world) => {
    const owner = ownerOf(world, PEER);
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    world.wait(timeline, 1n);
    expect(world.kernel.accounting().armed).toBe(1);
    client.device.destroy(client.handle);
    owner.dispose();
    expect(world.kernel.accounting()).toMatchObject({ armed: 0, syncobjs: 0 });
  }),
);
