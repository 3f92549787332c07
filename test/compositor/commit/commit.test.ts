/** The path of a commit through the socket: attach, commit, apply, frame, release. */
import { expect, test } from 'vitest';
import { withCompositor } from '../../support/compositor-fixture.ts';

test('a committed shm buffer is applied at once and released when the next one replaces it', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const first = client.shmBuffer(8, 6);
    const second = client.shmBuffer(8, 6);
    proxy.attach(first.proxy, 0, 0);
    proxy.damage(0, 0, 8, 6);
    proxy.commit();
    fixture.settle();
    expect(surface.current).toMatchObject({ width: 8, height: 6 });
    expect(first.releases).toBe(0);
    proxy.attach(second.proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(first.releases).toBe(1);
    expect(second.releases).toBe(0);
    proxy.attach(null, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(second.releases).toBe(1);
    expect(surface.mapped).toBe(false);
  });
});

test('attach and commit twice within one turn: both updates are intact, in order', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const sizes: number[] = [];
    surface.onApplied(({ state }) => sizes.push(state.width));
    const small = client.shmBuffer(2, 2);
    const large = client.shmBuffer(9, 9);
    proxy.attach(small.proxy, 0, 0);
    proxy.commit();
    proxy.attach(large.proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(sizes).toEqual([2, 9]);
    expect([small.releases, large.releases]).toEqual([1, 0]);
  });
});

test('a frame callback fires when the frame was presented, once', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const done: number[] = [];
    const callback = proxy.frame();
    callback.handler = { done: (_proxy, time) => done.push(time) };
    proxy.attach(client.shmBuffer().proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(done).toEqual([]);
    fixture.frame();
    const presentedMs = Number(fixture.clock.nowNs() / 1_000_000n);
    expect(done).toEqual([presentedMs]);
    fixture.frame();
    expect(done).toEqual([presentedMs]);
  });
});

test('an acquire point that is not submitted holds the update back; signalling it applies it', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    const release = client.timeline();
    const buffer = client.shmBuffer();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    proxy.attach(buffer.proxy, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(surface.mapped).toBe(false);
    const reason = { type: 'acquire', point: { point: 1n } };
    expect(surface.waiting).toMatchObject([{ ...reason, phase: 'unsubmitted' }]);
    const fence = acquire.submit(1n);
    fixture.settle();
    expect(surface.waiting).toMatchObject([{ ...reason, phase: 'submitted' }]);
    expect(surface.mapped).toBe(false);
    fence.signal();
    fixture.settle();
    expect(surface.mapped).toBe(true);
    expect(surface.waiting).toEqual([]);
    expect(release.signalled).toBe(0n);
    proxy.attach(null, 0, 0);
    proxy.commit();
    fixture.settle();
    expect(release.signalled).toBe(1n);
    expect(buffer.releases).toBe(1);
  });
});
