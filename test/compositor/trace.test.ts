/** The life of an update as events, to the hook and to diagnostics_channel. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { DesktopFixture } from '../support/desktop-fixture.ts';
import { lineLog } from '../../compositor/log.ts';
import { withCompositor } from '../support/compositor-fixture.ts';

test('commit, signalled, applied, latched, presented, released: in this order, for hook and channel alike', () => {
  withCompositor({}, (fixture) => {
    const published: unknown[] = [];
    const listener = (event: unknown): void => {
      published.push(event);
    };
    subscribe('xsync:commit', listener);
    try {
      const client = fixture.connect();
      const { proxy, surface } = client.createSurface();
      const sync = client.syncobj.getSurface(proxy);
      const acquire = client.timeline();
      const release = client.timeline();
      sync.setAcquirePoint(acquire.proxy, 0, 1);
      sync.setReleasePoint(release.proxy, 0, 2);
      proxy.attach(client.shmBuffer().proxy, 0, 0);
      proxy.commit();
      fixture.frame();
      acquire.signal(1n);
      fixture.frame();
      proxy.attach(null, 0, 0);
      proxy.commit();
      fixture.settle();
      const first = fixture.trace.filter(({ update }) => update === 1);
      expect(first.map(({ type }) => type)).toEqual([
        'commit',
        'signalled',
        'applied',
        'latched',
        'presented',
        'released',
      ]);
      expect(first[0]).toMatchObject({
        client: client.client.number,
        surface: surface.id,
        acquire: { point: 1n },
        release: { point: 2n },
      });
      expect(first[1]).toMatchObject({ outcome: { type: 'signalled' } });
      const times = first.map(({ timeNs }) => timeNs);
      expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
      expect(published).toEqual(fixture.trace);
    } finally {
      unsubscribe('xsync:commit', listener);
    }
  });
});

test('log lines: level, message, the stack of an error; debug only when asked for', () => {
  const lines: string[] = [];
  const log = lineLog((line) => lines.push(line));
  log.warn('a client did wrong');
  log.info('listening');
  log.debug('not shown');
  log.error('ours', new Error('why'));
  expect(lines.slice(0, 2)).toEqual(['warn: a client did wrong', 'listening']);
  expect(lines[2]).toMatch(/^error: ours\nError: why\n/);
  expect(lines).toHaveLength(3);
  lineLog((line) => lines.push(line), { debug: true }).debug('shown');
  expect(lines.at(-1)).toBe('debug: shown');
});

test('a trace that throws is told nothing more, and costs no client anything', () => {
  let told = 0;
  const fixture = new DesktopFixture({
    trace: () => {
      told++;
      throw new Error('the disk is full');
    },
  });
  const client = fixture.connect();
  const window = client.openWindow(100, 100, 0xff);
  let done = false;
  window.surface.frame().handler = {
    done: () => {
      done = true;
    },
  };
  client.draw(window, 100, 100, 0xff00);
  fixture.frames();
  expect([told, done, client.error]).toEqual([1, true, undefined]);
  const errors = fixture.logged.splice(0).filter((line) => line.startsWith('error'));
  expect(errors).toEqual([
    expect.stringMatching(/^error: the commit trace failed and is told nothing more: Error: the/),
  ]);
  fixture.dispose();
});
