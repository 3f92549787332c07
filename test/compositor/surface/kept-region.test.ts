/** Regions that are kept beyond their wl_region count for their client, until nothing keeps them. */
import { expect, test } from 'vitest';
import { ZwpPointerConstraintsV1Proxy } from '../../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import type { WlRegionProxy, WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { TestClient } from '../../support/compositor-client.ts';
import { withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

/** Shows and uses a region of so many parts, of which no wl_region is left. */
function withRegion(
  client: Pick<TestClient, 'compositor'>,
  rects: number,
  use: (region: WlRegionProxy) => void,
): void {
  const region = client.compositor.createRegion();
  for (let row = 0; row < rects; row++) region.add(0, 2 * row, 1, 1);
  use(region);
  region.destroy();
}

function setInput(client: TestClient, surface: WlSurfaceProxy, rects: number): void {
  withRegion(client, rects, (region) => surface.setInputRegion(region));
}

/** What the only client keeps. */
function kept(fixture: Pick<CompositorFixture, 'settle' | 'core'>): number | undefined {
  fixture.settle();
  return fixture.core.stats().clients[0]?.regionRects;
}

test('an input region, until it is set anew, replaced by a later update, or its surface goes', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    setInput(client, proxy, 20);
    expect(kept(fixture)).toBe(20);
    setInput(client, proxy, 30);
    expect(kept(fixture)).toBe(30);
    proxy.commit();
    expect(kept(fixture)).toBe(30);
    setInput(client, proxy, 40);
    expect(kept(fixture)).toBe(70);
    proxy.commit();
    expect(kept(fixture)).toBe(40);
    proxy.commit();
    expect(kept(fixture)).toBe(40);
    proxy.setInputRegion(null);
    proxy.commit();
    expect(kept(fixture)).toBe(0);
    setInput(client, proxy, 20);
    proxy.commit();
    setInput(client, proxy, 30);
    expect(kept(fixture)).toBe(50);
    proxy.destroy();
    expect(kept(fixture)).toBe(0);
  });
});

test('of a few rectangles it costs nothing', () => {
  withCompositor({ budgets: { regionRects: 16 } }, (fixture) => {
    const client = fixture.connect();
    for (let count = 0; count < 50; count++) setInput(client, client.createSurface().proxy, 16);
    expect(kept(fixture)).toBe(0);
    expect(client.error).toBeUndefined();
  });
});

test('cached with a synchronised subsurface: the last one counts, with the parent it applies', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const parent = client.createSurface().proxy;
    const child = client.createSurface();
    client.bind(WlSubcompositorProxy).getSubsurface(child.proxy, parent);
    setInput(client, child.proxy, 20);
    child.proxy.commit();
    child.proxy.commit();
    expect(kept(fixture)).toBe(20);
    setInput(client, child.proxy, 30);
    child.proxy.commit();
    expect(kept(fixture)).toBe(30);
    parent.commit();
    expect(kept(fixture)).toBe(30);
    expect(child.surface.current.inputRegion?.region.rectCount).toBe(30);
    setInput(client, child.proxy, 40);
    child.proxy.commit();
    expect(kept(fixture)).toBe(70);
    child.proxy.destroy();
    expect(kept(fixture)).toBe(0);
  });
});

test('of updates that wait for a fence, when their surface goes', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy } = client.createSurface();
    const timeline = client.timeline();
    const sync = client.syncobj.getSurface(proxy);
    for (let point = 1; point <= 3; point++) {
      sync.setAcquirePoint(timeline.proxy, 0, 2 * point - 1);
      sync.setReleasePoint(timeline.proxy, 0, 2 * point);
      proxy.attach(client.dmabufBuffer(client.dmabufFd(64)).proxy, 0, 0);
      setInput(client, proxy, 20);
      proxy.commit();
    }
    expect(kept(fixture)).toBe(60);
    sync.destroy();
    proxy.destroy();
    expect(kept(fixture)).toBe(0);
  });
});

test('of a pointer constraint: the one in force and the one that comes with the next commit', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const { surface } = client.openWindow(100, 100);
    const constraints = client.bind(ZwpPointerConstraintsV1Proxy);
    const count = (): number | undefined => {
      fixture.settle();
      return fixture.compositor.stats().clients[0]?.regionRects;
    };
    const confine = () => {
      const confined: ReturnType<typeof constraints.confinePointer>[] = [];
      withRegion(client, 20, (region) =>
        confined.push(constraints.confinePointer(surface, client.pointer, region, 2)),
      );
      return confined[0]!;
    };
    const confined = confine();
    expect(count()).toBe(20);
    withRegion(client, 30, (region) => confined.setRegion(region));
    withRegion(client, 40, (region) => confined.setRegion(region));
    expect(count()).toBe(60);
    surface.commit();
    expect(count()).toBe(40);
    withRegion(client, 50, (region) => confined.setRegion(region));
    expect(count()).toBe(90);
    confined.destroy();
    expect(count()).toBe(0);
  });
});

test('beyond what a client may keep it gets no_memory', () => {
  withCompositor({ budgets: { regionRects: 120 } }, (fixture) => {
    const client = fixture.connect();
    const other = fixture.connect();
    for (let count = 0; count < 2; count++) setInput(client, client.createSurface().proxy, 40);
    expect(client.settle()).toBeUndefined();
    setInput(client, client.createSurface().proxy, 30);
    expect(client.settle()).toEqual({ interface: 'wl_display', object: 1, code: 2 });
    expect(other.settle()).toBeUndefined();
  });
});
