import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MS, SECOND, SyncWorld, inWorld } from './world.ts';
import { fenceOf } from '../support/fence-of.ts';

test(
  'a sealed release without uses is signalled at once',
  inWorld((world) => {
    const client = world.client();
    const release = world.owner().importTimeline(client.exportFd()).createRelease(4n);
    release.seal();
    release.seal();
    expect(release.state).toBe('signalled');
    expect(client.signalledPoint()).toBe(4n);
  }),
);

test(
  'the last of several uses signals it, each ending counted once',
  inWorld((world) => {
    const client = world.client();
    const release = world.owner().importTimeline(client.exportFd()).createRelease(1n);
    const uses = [release.use(), release.use()];
    release.seal();
    expect(() => release.use()).toThrow(/sealed/);
    uses[0]?.end();
    uses[0]?.end();
    expect(release.state).toBe('held');
    uses[1]?.end();
    expect(release.state).toBe('signalled');
    expect(client.signalledPoint()).toBe(1n);
  }),
);

test(
  'without a seal no end of a use signals it',
  inWorld((world) => {
    const client = world.client();
    const release = world.owner().importTimeline(client.exportFd()).createRelease(1n);
    release.use().end();
    expect(release.state).toBe('held');
    expect(client.signalledPoint()).toBe(0n);
  }),
);

for (const pointSyncFile of ['direct', 'transfer'] as const) {
  test(
    `the fence of the last use goes into the point early (${pointSyncFile})`,
    inWorld(
      (world) => {
        const client = world.client();
        const release = world.owner().importTimeline(client.exportFd()).createRelease(1n);
        const use = release.use();
        release.seal();
        const fence = world.kernel.createFence();
        use.end(fence.exportSyncFile());
        expect(release.state).toBe('signalled');
        expect(client.signalledPoint()).toBe(0n);
        const available = fenceOf(client.device, client.handle, 1n);
        expect(world.kernel.syncFiles.info(available.fd).status).toBe(0);
        available.close();
        fence.signal();
        expect(client.signalledPoint()).toBe(1n);
      },
      2,
      { pointSyncFile },
    ),
  );
}

test(
  'fences of several uses are all waited for by the point',
  inWorld((world) => {
    const client = world.client();
    const release = world.owner().importTimeline(client.exportFd()).createRelease(1n);
    const uses = [release.use(), release.use()];
    release.seal();
    const fences = [world.kernel.createFence(), world.kernel.createFence()];
    uses.forEach((use, index) => use.end(fences[index]?.exportSyncFile()));
    fences[0]?.signal();
    world.turn();
    expect(client.signalledPoint()).toBe(0n);
    fences[1]?.signal();
    world.turn();
    expect(client.signalledPoint()).toBe(1n);
  }),
);

test(
  'a fence the device does not take is awaited, then the CPU signals',
  inWorld((world) => {
    const client = world.client();
    const release = world.owner().importTimeline(client.exportFd()).createRelease(1n);
    const use = release.use();
    release.seal();
    const fence = world.kernel.createFence();
    world.kernel.injectFault({ operation: 'importSyncFile', code: 'EMFILE' });
    use.end(fence.exportSyncFile());
    expect(client.signalledPoint()).toBe(0n);
    expect(release.state).toBe('held');
    fence.signal();
    world.turn();
    expect(release.state).toBe('signalled');
    expect(client.signalledPoint()).toBe(1n);
  }),
);

test(
  'a signal that finds no memory is tried again until it succeeds',
  inWorld((world) => {
    const client = world.client();
    const release = world.owner().importTimeline(client.exportFd()).createRelease(1n);
    world.kernel.injectFault({ operation: 'signal', code: 'ENOMEM', times: 5 });
    release.seal();
    expect(release.state).toBe('owed');
    world.advance(2n * SECOND);
    expect(release.state).toBe('signalled');
    expect(client.signalledPoint()).toBe(1n);
  }),
);

test(
  'a debt that found no room to move is paid with the next one that does',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const releases = [timeline.createRelease(1n), timeline.createRelease(2n)];
    world.kernel.removeDevice('sim:0');
    // The second debt is due, meets the loss and twice no room; by then the first one moves.
    world.kernel.injectFault({ operation: 'importTimeline', code: 'EMFILE', times: 2 });
    releases[1]?.seal();
    releases[0]?.seal();
    world.advance(2n * SECOND);
    expect(releases.map((release) => release.state)).toEqual(['signalled', 'signalled']);
    expect(client.signalledPoint()).toBe(2n);
  }),
);

test(
  'a debt that falls due while a device arrives does not hide an older one of its timeline',
  inWorld((world) => {
    const client = world.client('sim:0');
    const owner = world.owner();
    const acquire = owner.importTimeline(client.exportFd());
    const images = world.client('sim:0');
    const timeline = owner.importTimeline(images.exportFd());
    const releases = [timeline.createRelease(1n), timeline.createRelease(2n)];
    acquire.waitForPoint(1n).subscribe(() => releases[1]?.seal());
    client.signal(1n);
    world.kernel.removeDevice('sim:0');
    world.kernel.removeDevice('sim:1');
    releases[0]?.seal();
    expect(releases[0]?.state).toBe('owed');
    world.plug('sim:1');
    expect(releases.map((release) => release.state)).toEqual(['signalled', 'signalled']);
  }),
);

test(
  'one release that fails does not keep the others of its batch',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const releases = [timeline.createRelease(1n), timeline.createRelease(2n)];
    // The batch, then the first alone.
    world.kernel.injectFault({ operation: 'signal', code: 'ENOMEM', times: 2 });
    world.manager().batch(() => releases.forEach((release) => release.seal()));
    expect(releases.map((release) => release.state)).toEqual(['owed', 'signalled']);
    world.advance(SECOND);
    expect(releases.map((release) => release.state)).toEqual(['signalled', 'signalled']);
  }),
);

test(
  'a batch is one ioctl',
  inWorld((world) => {
    const owner = world.owner();
    const releases = Array.from({ length: 40 }, () =>
      owner.importTimeline(world.client().exportFd()).createRelease(1n),
    );
    const before = world.kernel.ioctlCount;
    world.manager().batch(() => releases.forEach((release) => release.seal()));
    expect(world.kernel.ioctlCount - before).toBe(1);
    expect(releases.every((release) => release.state === 'signalled')).toBe(true);
  }),
);

test(
  'the destroyed timeline object does not keep its release from being signalled',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const timeline = owner.importTimeline(client.exportFd());
    const release = timeline.createRelease(1n);
    const use = release.use();
    release.seal();
    timeline.dispose();
    world.unplug('sim:0');
    use.end();
    expect(client.signalledPoint()).toBe(1n);
    expect(owner.stats()).toMatchObject({
      handles: 0,
      counts: { timelines: 0, releases: 0, fds: 0 },
    });
  }),
);

test(
  'a client that goes has its unfinished releases signalled first',
  inWorld((world) => {
    const client = world.client();
    const owner = world.owner();
    const release = owner.importTimeline(client.exportFd()).createRelease(1n);
    const use = release.use();
    owner.dispose();
    expect(release.state).toBe('signalled');
    expect(client.signalledPoint()).toBe(1n);
    use.end();
    release.seal();
  }),
);

test('release points are signalled exactly once, never early, and always in the end', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('create'), client: fc.nat(1), uses: fc.nat(3) }),
    fc.record({ do: fc.constant('end'), index: fc.nat(), fence: fc.boolean() }),
    fc.record({ do: fc.constant('signal-fence'), index: fc.nat() }),
    fc.record({ do: fc.constant('destroy'), client: fc.nat(1) }),
    fc.record({ do: fc.constant('unplug'), gpu: fc.nat(1) }),
    fc.record({ do: fc.constant('plug'), gpu: fc.nat(1) }),
    fc.record({ do: fc.constant('fault'), times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('time'), ms: fc.integer({ min: 1, max: 400 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new SyncWorld(2);
      // A third device that stays lets the test ask the kernel at any time.
      world.kernel.addDevice({ id: 'sim:witness', eventfd: false });
      const owner = world.owner();
      const witness = world.clientDevice('sim:witness');
      const timelines = [0, 1].map(() => {
        const handle = witness.createTimeline();
        return { handle, timeline: owner.importTimeline(witness.exportTimelineFd(handle)) };
      });
      const open: {
        release: { state: string };
        use: { end(fd?: unknown): void };
        left: Set<unknown>;
      }[] = [];
      const releases: {
        release: { state: string; point: bigint };
        left: Set<unknown>;
        client: number;
      }[] = [];
      const fences: ReturnType<typeof world.kernel.createFence>[] = [];
      const present = new Set(['sim:0', 'sim:1']);
      const destroyed = new Set<number>();
      let point = 1n;
      for (const action of steps) {
        switch (action.do) {
          case 'create': {
            const { client = 0, uses = 0 } = action as { client?: number; uses?: number };
            const timeline = timelines[client]?.timeline;
            if (!timeline || destroyed.has(client)) break;
            const release = timeline.createRelease(point++);
            const left = new Set<unknown>();
            for (let use = 0; use < uses; use++) {
              const made = release.use();
              left.add(made);
              open.push({ release, use: made as { end(fd?: unknown): void }, left });
            }
            releases.push({ release, left, client });
            release.seal();
            break;
          }
          case 'end': {
            const { index = 0, fence = false } = action as { index?: number; fence?: boolean };
            const [entry] = open.length > 0 ? open.splice(index % open.length, 1) : [];
            if (!entry) break;
            entry.left.delete(entry.use);
            if (!fence) entry.use.end();
            else {
              const pending = world.kernel.createFence();
              fences.push(pending);
              entry.use.end(pending.exportSyncFile());
            }
            break;
          }
          case 'signal-fence': {
            const { index = 0 } = action as { index?: number };
            fences[fences.length > 0 ? index % fences.length : 0]?.signal();
            break;
          }
          case 'destroy': {
            const { client = 0 } = action as { client?: number };
            destroyed.add(client);
            timelines[client]?.timeline.dispose();
            break;
          }
          case 'unplug': {
            const id = `sim:${(action as { gpu?: number }).gpu ?? 0}`;
            if (present.delete(id)) world.kernel.removeDevice(id);
            break;
          }
          case 'plug': {
            const id = `sim:${(action as { gpu?: number }).gpu ?? 0}`;
            if (present.has(id)) break;
            present.add(id);
            world.plug(id);
            break;
          }
          case 'fault': {
            const { times = 1 } = action as { times?: number };
            world.kernel.injectFault({ operation: 'signal', code: 'ENOMEM', times });
            world.kernel.injectFault({ operation: 'importSyncFile', code: 'EMFILE', times });
            break;
          }
          case 'time':
            world.advance(BigInt((action as { ms?: number }).ms ?? 1) * MS);
        }
        world.turn();
        for (const { release, left } of releases)
          if (left.size > 0) expect(release.state).toBe('held');
      }
      for (const { use } of open) use.end();
      for (const fence of fences) fence.signal();
      if (present.size === 0) world.plug('sim:0');
      // Longer than any back-off that the injected faults could have led to.
      world.advance(60n * SECOND);
      expect(releases.map(({ release }) => release.state)).toEqual(releases.map(() => 'signalled'));
      const signalled = world
        .types('release-signalled')
        .map((event) => (event.type === 'release-signalled' ? event.point : 0n));
      expect([...signalled].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
        releases.map(({ release }) => release.point),
      );
      const points = new BigUint64Array(2);
      witness.query(
        Uint32Array.from(timelines.map(({ handle }) => handle)),
        points,
        2,
        'signalled',
      );
      for (const client of [0, 1]) {
        const highest =
          releases.filter((entry) => entry.client === client).at(-1)?.release.point ?? 0n;
        expect(points[client]).toBe(highest);
      }
      world.end();
    }),
    { numRuns: 200, seed: 4 },
  );
});
