/** A client that hoards descriptors, in every way the protocols offer, beside one that does not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';
import type { TestClient } from '../../support/compositor-client.ts';

/** Few enough that one client could use them up. */
const NOFILE = 512;
const MORE_THAN_ALL = 600;

function withFewDescriptors(run: (fixture: CompositorFixture) => void): void {
  const { soft } = native.getNofileLimit();
  native.setNofileLimit(NOFILE);
  try {
    withCompositor({}, run);
  } finally {
    native.setNofileLimit(soft);
  }
}

/** Draws a frame as clients do, with a timeline, a pool and a buffer of its own. */
function expectServed(client: TestClient): void {
  const { proxy, surface } = client.createSurface();
  const sync = client.syncobj.getSurface(proxy);
  const timeline = client.timeline();
  timeline.signal(1n);
  sync.setAcquirePoint(timeline.proxy, 0, 1);
  sync.setReleasePoint(timeline.proxy, 0, 2);
  proxy.attach(client.shmBuffer(2, 2).proxy, 0, 0);
  proxy.commit();
  expect(client.settle()).toBeUndefined();
  expect(surface.mapped).toBe(true);
}

test.each<[what: string, hoardOne: (client: TestClient) => () => void]>([
  [
    'pools',
    (client) => {
      const file = client.memfd(4096);
      return () => client.shm.createPool(file.fd, 4096);
    },
  ],
  [
    'dma-bufs',
    (client) => {
      const fd = client.dmabufFd(64);
      return () => client.dmabufBuffer(fd);
    },
  ],
  [
    'timelines',
    (client) => {
      const timeline = client.timeline();
      return () => timeline.importInto(client.syncobj);
    },
  ],
])('a client that hoards %s is cut off, others are served before and after', (_what, hoard) => {
  withFewDescriptors((fixture) => {
    const hoarder = fixture.connect();
    const bystander = fixture.connect();
    const one = hoard(hoarder);
    for (let count = 0; count < MORE_THAN_ALL && !hoarder.error; count++) {
      one();
      fixture.settle();
    }
    expect(hoarder.error).toMatchObject({ interface: 'wl_display' });
    expectServed(bystander);
    expectServed(fixture.connect());
  });
});

test('hoarders together leave the rest what it needs', () => {
  withFewDescriptors((fixture) => {
    const hoarders = Array.from({ length: 6 }, () => fixture.connect());
    for (const client of hoarders) {
      const file = client.memfd(4096);
      const timeline = client.timeline();
      // Of its own it needs one: client and compositor share the limit here.
      using exported = timeline.device.exportTimelineFd(timeline.handle);
      // Each stays just below what would cut it off, as far as that is known to it.
      for (let count = 0; count < 40 && !client.error; count++) {
        client.shm.createPool(file.fd, 4096);
        client.syncobj.importTimeline(exported.fd);
        fixture.settle();
      }
    }
    expectServed(fixture.connect());
  });
});

test('whoever connects again and again keeps others waiting at the door, and nobody inside from their descriptors', () => {
  withFewDescriptors((fixture) => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-door-'));
    const path = join(folder, 'door');
    fixture.core.display.listen({ name: path });
    const bystander = fixture.connect();
    const hoarded: OwnedFd[] = [];
    try {
      for (let count = 0; count < NOFILE; count++) {
        hoarded.push(new OwnedFd(native.connectUnix(path)));
        fixture.settle();
      }
    } catch (error) {
      // The kernel's queue is full.
      expect(error).toMatchObject({ code: 'EAGAIN' });
    }
    expect(fixture.core.display.clients.size).toBe(Math.floor(NOFILE / 10));
    expectServed(bystander);
    const waiting = hoarded.splice(-2);
    for (const socket of hoarded) socket.close();
    fixture.settle();
    expect(fixture.core.display.clients.size).toBe(1 + waiting.length);
    for (const socket of waiting) socket.close();
    fixture.settle();
    rmSync(folder, { recursive: true });
  });
});
