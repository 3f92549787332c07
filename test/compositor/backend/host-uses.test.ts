/** What the host of a nested compositor keeps of our clients' buffers, and for how long it is let. */
import { expect, test } from 'vitest';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { WlBufferProxy } from '../../../protocols/generated/wayland.client.ts';
import { withDescriptors } from '../../support/few-descriptors.ts';
import { withNested } from '../../support/nested-fixture.ts';
import { AT, type Image, SIDE, SyncWindow } from '../../support/sync-window.ts';

const SECOND = 1_000_000_000n;
const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;

test('a host that never releases after a GPU went is not waited for without end', async () => {
  await withNested({}, (fixture) => {
    const window = new SyncWindow(fixture);
    const images = [window.image(GREEN), window.image(BLUE), window.image(RED)] as const;
    const [first, second, third] = images;
    for (const image of images) window.show(image);
    window.show(first);
    // The host forgets two of them, and shows the third.
    const readers = [window.hostSurface().current.content?.hold()];
    window.show(second);
    readers.push(window.hostSurface().current.content?.hold());
    fixture.advance(60n * SECOND);
    expect(first.release.signalled).toBe(1n);
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(SECOND);
    expect(first.release.signalled).toBe(1n);
    fixture.advance(60n * SECOND);
    expect(first.release.signalled).toBe(2n);
    // On screen: not taken from the host before there is something newer, and then only after a while.
    expect(second.release.signalled).toBe(1n);
    window.show(third);
    expect(second.release.signalled).toBe(1n);
    fixture.advance(60n * SECOND);
    expect(second.release.signalled).toBe(2n);
    expect(fixture.backend).toMatchObject({ overdue: 2, inHost: 1 });
    for (const reader of readers) reader?.end();
    window.show(first);
    expect(fixture.pixel(...AT)).toBe(GREEN);
  });
});

test('a host that recovered is waited for again', async () => {
  await withNested({ inner: { syncForShm: false } }, (fixture) => {
    const client = fixture.connect();
    const window = client.window(SIDE, SIDE, RED);
    const [green, blue] = [
      client.sealedBuffer(SIDE, SIDE, GREEN),
      client.sealedBuffer(SIDE, SIDE, BLUE),
    ];
    let released = 0;
    blue.handler = { release: () => released++ };
    const show = (buffer: WlBufferProxy): void => {
      window.surface.attach(buffer, 0, 0);
      window.surface.damageBuffer(0, 0, SIDE, SIDE);
      window.surface.commit();
      fixture.frames();
    };
    const shown = (): Surface => {
      const [surface] = [...fixture.host.surfaces].filter(
        ({ roleName, current }) => roleName === 'wl_subsurface' && current.content,
      );
      if (!surface) throw new Error('the host shows nothing');
      return surface;
    };
    for (const buffer of [green, blue, green]) show(buffer);
    fixture.kernel.removeDevice('sim:0');
    // It lets go of what it was given since.
    for (const buffer of [blue, green, blue]) show(buffer);
    expect(released).toBe(2);
    const reader = shown().current.content?.hold();
    show(green);
    fixture.advance(60n * SECOND);
    expect(released).toBe(2);
    expect(fixture.backend).toMatchObject({ overdue: 0 });
    // Until another GPU goes.
    fixture.kernel.removeDevice('sim:1');
    fixture.advance(60n * SECOND);
    expect(released).toBe(3);
    expect(fixture.backend).toMatchObject({ overdue: 1 });
    reader?.end();
  });
});

test.each(['explicit', 'implicit'])(
  'a buffer of a frame that was given up comes back, %s sync',
  async (kind) => {
    await withNested({}, (fixture) => {
      const window = new SyncWindow(fixture);
      const [green, blue] = [window.image(GREEN), window.image(BLUE)];
      for (const image of [green, blue, green, blue]) window.show(image);
      if (kind === 'implicit') window.sync.destroy();
      let released = 0;
      green.buffer.handler = { release: () => released++ };
      const commit = (image: Image): void => {
        if (kind === 'explicit') {
          image.acquire.signal(image.point + 1n);
          window.commit(image);
          return;
        }
        window.window.surface.attach(image.buffer, 0, 0);
        window.window.surface.damageBuffer(0, 0, SIDE, SIDE);
        window.window.surface.commit();
        fixture.settle();
      };
      // Above it, so that it is shown after it: its new buffer takes a descriptor to tell the host of.
      const other = fixture.connect();
      const above = other.window(8, 8, RED);
      above.surface.attach(other.sealedBuffer(8, 8, BLUE), 0, 0);
      above.surface.damageBuffer(0, 0, 8, 8);
      above.surface.commit();
      commit(green);
      withDescriptors(0, () => fixture.clock.advanceBy(SECOND / 500n));
      expect(fixture.logged).toContainEqual(expect.stringContaining('could not be shown'));
      commit(blue);
      fixture.frames();
      commit(green);
      fixture.frames();
      commit(blue);
      fixture.frames();
      expect(fixture.pixel(...AT)).toBe(BLUE);
      if (kind === 'explicit') expect(green.release.signalled).toBe(green.point);
      else expect(released).toBe(2);
      expect(fixture.backend).toMatchObject({ inHost: 2 });
    });
  },
);
