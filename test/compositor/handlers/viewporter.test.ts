/** wp_viewporter: cropping and scaling, and every error. */
import { expect, test } from 'vitest';
import {
  WpViewportError,
  WpViewporterError,
} from '../../../protocols/generated/viewporter.interfaces.ts';
import {
  WpViewporterProxy,
  type WpViewportProxy,
} from '../../../protocols/generated/viewporter.client.ts';
import type { WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { TestClient } from '../../support/compositor-client.ts';
import { withCompositor } from '../../support/compositor-fixture.ts';

interface Parts {
  readonly client: TestClient;
  readonly proxy: WlSurfaceProxy;
  readonly surface: Surface;
  readonly viewport: WpViewportProxy;
}

function withViewport(run: (parts: Parts) => void): void {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const viewport = client.bind(WpViewporterProxy).getViewport(proxy);
    proxy.attach(client.shmBuffer(20, 10).proxy, 0, 0);
    run({ client, proxy, surface, viewport });
  });
}

test('source and destination decide the size; unset and destroyed they do not', () => {
  withViewport(({ client, proxy, surface, viewport }) => {
    const sizes: number[][] = [];
    surface.onApplied(({ state }) => sizes.push([state.width, state.height]));
    viewport.setSource(2, 2, 8, 4);
    proxy.commit();
    viewport.setSource(2.5, 2.5, 8.25, 4.5);
    viewport.setDestination(100, 50);
    proxy.commit();
    viewport.setSource(-1, -1, -1, -1);
    proxy.commit();
    viewport.destroy();
    proxy.commit();
    expect(client.settle()).toBeUndefined();
    expect(sizes).toEqual([
      [8, 4],
      [100, 50],
      [100, 50],
      [20, 10],
    ]);
  });
});

const WRONG: readonly [name: string, code: number, make: (parts: Parts) => void][] = [
  [
    'a negative source',
    WpViewportError.badValue,
    ({ viewport }) => viewport.setSource(-1, 0, 4, 4),
  ],
  ['an empty source', WpViewportError.badValue, ({ viewport }) => viewport.setSource(0, 0, 0, 4)],
  [
    'an empty destination',
    WpViewportError.badValue,
    ({ viewport }) => viewport.setDestination(0, 4),
  ],
  [
    'a half unset destination',
    WpViewportError.badValue,
    ({ viewport }) => viewport.setDestination(-1, 4),
  ],
  [
    'a fractional source without destination',
    WpViewportError.badSize,
    ({ viewport, proxy }) => {
      viewport.setSource(0, 0, 4.5, 4);
      proxy.commit();
    },
  ],
  [
    'a source outside of the buffer',
    WpViewportError.outOfBuffer,
    ({ viewport, proxy }) => {
      viewport.setSource(13, 0, 8, 4);
      proxy.commit();
    },
  ],
  [
    'a source outside of a buffer of scale 2',
    WpViewportError.outOfBuffer,
    ({ viewport, proxy }) => {
      proxy.setBufferScale(2);
      viewport.setSource(0, 0, 12, 4);
      proxy.commit();
    },
  ],
  [
    'set_source without surface',
    WpViewportError.noSurface,
    ({ viewport, proxy }) => {
      proxy.destroy();
      viewport.setSource(0, 0, 1, 1);
    },
  ],
  [
    'set_destination without surface',
    WpViewportError.noSurface,
    ({ viewport, proxy }) => {
      proxy.destroy();
      viewport.setDestination(1, 1);
    },
  ],
];

test.each(WRONG)('%s', (_name, code, make) => {
  withViewport((parts) => {
    make(parts);
    expect(parts.client.settle()).toEqual({
      interface: 'wp_viewport',
      object: parts.viewport.id,
      code,
    });
  });
});

test('the errors come at commit, although the buffer waits for its fence', () => {
  withViewport(({ client, proxy, viewport }) => {
    const sync = client.syncobj.getSurface(proxy);
    sync.setAcquirePoint(client.timeline().proxy, 0, 1);
    sync.setReleasePoint(client.timeline().proxy, 0, 1);
    viewport.setSource(0, 0, 21, 1);
    proxy.commit();
    expect(client.settle()).toMatchObject({ code: WpViewportError.outOfBuffer });
  });
});

test('a second viewport is viewport_exists', () => {
  withViewport(({ client, proxy }) => {
    const viewporter = client.bind(WpViewporterProxy);
    viewporter.getViewport(proxy);
    expect(client.settle()).toEqual({
      interface: 'wp_viewporter',
      object: viewporter.id,
      code: WpViewporterError.viewportExists,
    });
  });
});
