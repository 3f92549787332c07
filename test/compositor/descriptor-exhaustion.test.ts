/** Clients that take all the descriptors they are given, at once and in every way there is: the others go on. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { DisplayError } from '../../protocols/server/protocol-error.ts';
import { withCompositor, type CompositorFixture } from '../support/compositor-fixture.ts';
import type { TestClient } from '../support/compositor-client.ts';

/** RLIMIT_NOFILE as the compositor finds it. The test's process has more: its clients' descriptors are in the same table. */
const NOFILE = 400;
const MAX_HOGS = 40;
const EACH = 20;

/** But for the write ends of pipes: the simulated kernel's side of each of its files is one. */
function openFds(): number {
  return readdirSync('/proc/self/fd').filter((fd) => !isWriteOnly(fd)).length;
}

function isWriteOnly(fd: string): boolean {
  try {
    const [, flags = ''] =
      /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & 3) === 1;
  } catch {
    // That of the directory just read.
    return true;
  }
}

/** What the compositor says that it holds for its clients. */
function accounted(fixture: CompositorFixture): number {
  const { clients, totals, sync } = fixture.core.stats();
  return clients.length + totals.bufferFds + totals.fdsInFlight + sync.counts.fds;
}

function withFewDescriptors(body: (fixture: CompositorFixture) => void): void {
  const { soft } = native.getNofileLimit();
  native.setNofileLimit(NOFILE);
  withCompositor({}, (fixture) => {
    native.setNofileLimit(soft);
    body(fixture);
  });
}

/** A frame with explicit sync, as a well-behaved client draws one with means it takes for it anew. */
function drawFrame(fixture: CompositorFixture, client: TestClient): void {
  const { proxy, surface } = client.createSurface();
  const timeline = client.timeline();
  const sync = client.syncobj.getSurface(proxy);
  const buffer = client.dmabufBuffer(client.dmabufFd(64));
  timeline.submit(1n).signal();
  sync.setAcquirePoint(timeline.proxy, 0, 1);
  sync.setReleasePoint(timeline.proxy, 0, 2);
  proxy.attach(buffer.proxy, 0, 0);
  proxy.commit();
  fixture.frame();
  expect(client.error).toBeUndefined();
  expect(surface.mapped).toBe(true);
  proxy.attach(null, 0, 0);
  proxy.commit();
  fixture.frame();
  expect(timeline.signalled).toBe(2n);
  sync.destroy();
  proxy.destroy();
  timeline.proxy.destroy();
  buffer.proxy.destroy();
  client.settle();
}

/** Makes ready; what is returned takes so many descriptors. */
type Hoarding = (client: TestClient) => (count: number) => void;

const WAYS: Record<string, Hoarding> = {
  'descriptors no request takes': (client) => (count) => {
    const stdin = new Int32Array(count);
    // The header of a message of which the rest never comes.
    native.sendmsg(client.display.fd, Uint8Array.of(1, 0, 0, 0), 0, 4, stdin, count);
  },
  'pools kept': (client) => {
    const file = client.memfd(4096);
    return (count) => {
      for (; count > 0; count--) client.shm.createPool(file.fd, 4096);
    };
  },
  'dma-bufs kept': (client) => {
    const fd = client.dmabufFd(64);
    return (count) => {
      for (; count > 0; count--) client.dmabufBuffer(fd);
    };
  },
  'planes of dma-bufs never made': (client) => {
    const fd = client.dmabufFd(64);
    return (count) => {
      for (; count > 0; count--) client.dmabuf.createParams().add(fd, 0, 0, 16, 0, 0);
    };
  },
  'timelines kept': (client) => {
    const timeline = client.timeline();
    const fd = client.keep(timeline.device.exportTimelineFd(timeline.handle));
    return (count) => {
      for (; count > 0; count--) client.syncobj.importTimeline(fd.fd);
    };
  },
};

describe.each(Object.entries(WAYS))('%s', (_, hoarding) => {
  test('are all in an account, and closed with the client', () => {
    withFewDescriptors((fixture) => {
      const hog = fixture.connect();
      const hoard = hoarding(hog);
      fixture.settle();
      const before = { open: openFds(), accounted: accounted(fixture) };
      hoard(EACH);
      fixture.settle();
      expect(hog.error).toBeUndefined();
      expect(openFds() - before.open).toBe(EACH);
      expect(accounted(fixture) - before.accounted).toBe(EACH);
      hog.close();
      fixture.settle();
      expect(accounted(fixture)).toBe(0);
    });
  });

  test('a crowd takes what there is of them, and the others draw', () => {
    withFewDescriptors((fixture) => {
      const bystander = fixture.connect();
      drawFrame(fixture, bystander);
      const hogs: TestClient[] = [];
      while (hogs.length < MAX_HOGS && hogs.every(({ error }) => error === undefined)) {
        const hog = fixture.connect();
        hogs.push(hog);
        hoarding(hog)(EACH);
        fixture.settle();
      }
      const told = hogs.flatMap(({ error }) => (error ? [error.code] : []));
      expect(told).toEqual([DisplayError.noMemory]);
      drawFrame(fixture, bystander);
      drawFrame(fixture, fixture.connect());
    });
  });
});

test('clients that do all of it at once leave the process what it needs, and the others draw', () => {
  withFewDescriptors((fixture) => {
    const bystander = fixture.connect();
    let most = 0;
    for (const hoarding of Object.values(WAYS)) {
      for (let hogs = 0; hogs < 6; hogs++) {
        hoarding(fixture.connect())(EACH);
        fixture.settle();
        most = Math.max(most, accounted(fixture));
      }
    }
    expect(most).toBeGreaterThan(0.6 * NOFILE);
    expect(most).toBeLessThanOrEqual(0.95 * NOFILE);
    drawFrame(fixture, bystander);
    drawFrame(fixture, fixture.connect());
  });
});
