/** The list of windows is other clients' words: whoever reads it is not to suffer from what they say, and misses nothing at the end. */
import { expect, test } from 'vitest';
import type { ExtForeignToplevelHandleV1Proxy } from '../../../protocols/generated/ext-foreign-toplevel-list-v1.client.ts';
import { ExtForeignToplevelListV1Proxy } from '../../../protocols/generated/ext-foreign-toplevel-list-v1.client.ts';
import type { DesktopFixture } from '../../support/desktop-fixture.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';
import type { ShellClient } from '../../support/shell-client.ts';

const WINDOWS = 40;
const LONG = 'x'.repeat(4000);

interface Watched {
  readonly list: ExtForeignToplevelListV1Proxy;
  readonly handles: ExtForeignToplevelHandleV1Proxy[];
  /** By handle. */
  readonly titles: Map<ExtForeignToplevelHandleV1Proxy, string>;
  events: number;
}

function watch(client: ShellClient): Watched {
  const list = client.bind(ExtForeignToplevelListV1Proxy);
  const watched: Watched = { list, handles: [], titles: new Map(), events: 0 };
  list.handler = {
    toplevel: (_, handle) => {
      watched.handles.push(handle);
      handle.handler = {
        title: (_handle, title) => {
          watched.titles.set(handle, title);
          watched.events++;
        },
        closed: () => watched.titles.delete(handle),
      };
    },
  };
  return watched;
}

/** The compositor alone works: no client reads. */
function compositorAlone(fixture: DesktopFixture, client: ShellClient): void {
  client.display.flush();
  fixture.compositor.display.drain();
}

test('titles that change faster than they are read are told once each, the last ones', () => {
  withDesktop({}, (fixture) => {
    const hog = fixture.connect();
    const windows = Array.from({ length: WINDOWS }, () => hog.openWindow(10, 10));
    const bar = fixture.connect();
    const served = [...fixture.compositor.display.clients].at(-1)!;
    const watched = watch(bar);
    fixture.settle();
    expect(watched.titles.size).toBe(WINDOWS);
    watched.events = 0;
    for (let round = 0; round < 100; round++) {
      for (const { toplevel } of windows) {
        toplevel.setTitle(`${LONG}${round}`);
        compositorAlone(fixture, hog);
      }
    }
    expect(served.alive).toBe(true);
    expect(served.connection.writer.blocked).toBe(true);
    expect(served.connection.writer.queuedBytes).toBeLessThan(100_000);
    fixture.settle();
    expect([...watched.titles.values()]).toEqual(Array<string>(WINDOWS).fill(`${LONG}99`));
    expect(watched.events).toBeLessThan(5 * WINDOWS);
    expect(bar.error).toBeUndefined();
  });
});

test('a list made of many long titles comes whole to whoever reads it late', () => {
  withDesktop({}, (fixture) => {
    const hog = fixture.connect();
    for (let index = 0; index < 4 * WINDOWS; index++)
      hog.openWindow(10, 10).toplevel.setTitle(`${LONG}${index}`);
    const bar = fixture.connect();
    const watched = watch(bar);
    compositorAlone(fixture, bar);
    fixture.settle();
    expect(watched.handles).toHaveLength(4 * WINDOWS);
    expect([...watched.titles.values()].map((title) => Number(title.slice(LONG.length)))).toEqual(
      Array.from({ length: 4 * WINDOWS }, (_, index) => index),
    );
  });
});

test('after stop the windows told of are followed to their end, others are not told; a handle given back stays so', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const [first, second] = [client.openWindow(10, 10), client.openWindow(10, 10)];
    const watched = watch(fixture.connect());
    fixture.settle();
    watched.handles[1]!.destroy();
    fixture.settle();
    watched.events = 0;
    second.toplevel.setTitle('nobody cares');
    fixture.settle();
    expect(watched.handles).toHaveLength(2);
    expect(watched.events).toBe(0);

    watched.list.stop();
    fixture.settle();
    client.openWindow(10, 10);
    first.toplevel.setTitle('renamed');
    fixture.settle();
    expect(watched.handles).toHaveLength(2);
    expect(watched.titles.get(watched.handles[0]!)).toBe('renamed');
    first.toplevel.destroy();
    fixture.settle();
    expect(watched.titles.has(watched.handles[0]!)).toBe(false);
  });
});
