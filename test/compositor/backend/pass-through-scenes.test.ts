/** What the host shows of a nested compositor's clients is the same, passed through or composited by us. */
import { expect, test } from 'vitest';
import type { NestedMode } from '../../../compositor/backend/nested-mode.ts';
import { WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import type { WlOutputTransform } from '../../../protocols/generated/wayland.interfaces.ts';
import { WpAlphaModifierV1Proxy } from '../../../protocols/generated/alpha-modifier-v1.client.ts';
import { WpSinglePixelBufferManagerV1Proxy } from '../../../protocols/generated/single-pixel-buffer-v1.client.ts';
import { WpViewporterProxy } from '../../../protocols/generated/viewporter.client.ts';
import {
  type NestedClient,
  type NestedFixture,
  type NestedFixtureOptions,
  withNested,
} from '../../support/nested-fixture.ts';

const RED = 0xff0000;
const GREEN = 0x00ff00;
const BLUE = 0x0000ff;

/** Every pixel another colour, so that a shift of one is seen. */
function gradient(width: number, height: number, alpha = 0xff): Uint32Array {
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = (value: number): number => Math.round((value * alpha) / 0xff);
      const colour =
        (level((7 * x) & 0xff) << 16) | (level((11 * y) & 0xff) << 8) | level((3 * (x + y)) & 0xff);
      pixels[y * width + x] = ((alpha << 24) | colour) >>> 0;
    }
  }
  return pixels;
}

interface Scene {
  readonly name: string;
  draw(client: NestedClient, fixture: NestedFixture): void;
  readonly options?: NestedFixtureOptions;
  /** Reasons for copies in pass-through; none when left out. */
  readonly copied?: readonly string[];
  /** Nothing is passed through. */
  readonly noneAtAll?: boolean;
}

const SCENES: readonly Scene[] = [
  {
    name: 'one window',
    draw: (client) => void client.window(100, 80, RED),
  },
  {
    name: 'windows over each other, the first one raised',
    draw: (client, fixture) => {
      const first = client.window(120, 90, RED);
      client.window(100, 80, GREEN);
      client.window(60, 60, BLUE);
      const [toplevel] = fixture.inner.shell.windows.filter(
        ({ surface }) => surface.id === first.surface.id,
      );
      if (toplevel) fixture.inner.shell.activate(toplevel);
    },
  },
  {
    name: 'a window that sticks out of all sides',
    draw: (client, fixture) => {
      const window = client.window(500, 400, RED);
      window.surface.attach(client.sealedPixels(500, 400, gradient(500, 400), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 500, 400);
      window.surface.commit();
      fixture.frames();
      const [toplevel] = fixture.inner.shell.windows;
      if (toplevel) fixture.inner.shell.move(toplevel, -37, -21);
    },
  },
  {
    name: 'translucent pixels with an opaque region',
    draw: (client) => {
      client.window(120, 120, BLUE);
      const window = client.window(100, 80, RED);
      window.surface.attach(client.sealedPixels(100, 80, gradient(100, 80, 0x80), 0), 0, 0);
      window.surface.damageBuffer(0, 0, 100, 80);
      window.surface.commit();
    },
  },
  {
    name: 'subsurfaces above and below their parent, one of them moved',
    draw: (client, fixture) => {
      const window = client.window(100, 100, RED);
      const subcompositor = client.bind(WlSubcompositorProxy);
      const add = (colour: number, x: number, y: number) => {
        const surface = client.compositor.createSurface();
        const subsurface = subcompositor.getSubsurface(surface, window.surface);
        subsurface.setPosition(x, y);
        surface.attach(client.sealedBuffer(50, 50, colour), 0, 0);
        surface.commit();
        return subsurface;
      };
      add(GREEN, 70, 70).placeBelow(window.surface);
      const above = add(BLUE, -20, 10);
      window.surface.commit();
      fixture.frames();
      above.setPosition(30, 40);
      window.surface.commit();
    },
  },
  ...[1, 2, 3, 4, 5, 6, 7].map((transform) => ({
    name: `buffer transform ${transform}`,
    draw: (client: NestedClient) => {
      const window = client.window(90, 60, RED);
      window.surface.setBufferTransform(transform as WlOutputTransform);
      window.surface.attach(client.sealedPixels(90, 60, gradient(90, 60), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 90, 60);
      window.surface.commit();
    },
  })),
  {
    name: 'buffer scale 2',
    draw: (client) => {
      const window = client.window(40, 40, RED);
      window.surface.setBufferScale(2);
      window.surface.attach(client.sealedPixels(80, 80, gradient(80, 80), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 80, 80);
      window.surface.commit();
    },
  },
  {
    name: 'crop and scale',
    draw: (client) => {
      const window = client.window(80, 80, RED);
      const viewport = client.bind(WpViewporterProxy).getViewport(window.surface);
      viewport.setSource(10.5, 20.25, 40, 30);
      viewport.setDestination(120, 60);
      window.surface.attach(client.sealedPixels(80, 80, gradient(80, 80), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 80, 80);
      window.surface.commit();
    },
  },
  {
    name: 'one pixel made large',
    draw: (client) => {
      const window = client.window(80, 80, RED);
      client.bind(WpViewporterProxy).getViewport(window.surface).setDestination(150, 70);
      const manager = client.bind(WpSinglePixelBufferManagerV1Proxy);
      window.surface.attach(manager.createU32RgbaBuffer(0, 0xffff_ffff, 0, 0xffff_ffff), 0, 0);
      window.surface.damageBuffer(0, 0, 1, 1);
      window.surface.commit();
    },
  },
  {
    name: 'a dma-buf',
    draw: (client) => {
      const window = client.window(80, 80, RED);
      window.surface.attach(client.dmabuf(64, 64, GREEN), 0, 0);
      window.surface.damageBuffer(0, 0, 64, 64);
      window.surface.commit();
    },
    copied: ['being imported'],
  },
  {
    name: 'an output of scale 2',
    options: { output: { width: 320, height: 240, scale: 2 }, hostOutput: { scale: 2 } },
    draw: (client) => {
      const window = client.window(80, 60, RED);
      window.surface.setBufferScale(2);
      window.surface.attach(client.sealedPixels(120, 100, gradient(120, 100), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 120, 100);
      window.surface.commit();
    },
  },
  {
    name: 'an output of scale 1.5 with a window on whole pixels',
    options: { output: { scale: 1.5 } },
    draw: (client, fixture) => {
      const window = client.window(80, 60, RED);
      client.bind(WpViewporterProxy).getViewport(window.surface).setDestination(60, 40);
      window.surface.attach(client.sealedPixels(90, 60, gradient(90, 60), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 90, 60);
      window.surface.commit();
      fixture.frames();
      const [toplevel] = fixture.inner.shell.windows;
      if (toplevel) fixture.inner.shell.move(toplevel, 20, 10);
    },
  },
  {
    name: 'an output of scale 1.5 with a window between pixels',
    options: { output: { scale: 1.5 } },
    draw: (client, fixture) => {
      client.window(81, 61, RED);
      const [toplevel] = fixture.inner.shell.windows;
      if (toplevel) fixture.inner.shell.move(toplevel, 21, 11);
    },
    copied: ['position off the pixel grid'],
  },
  {
    name: 'memory that may shrink',
    draw: (client) => void client.openWindow(100, 80, GREEN),
    copied: ['memory not sealed'],
  },
  {
    name: 'a translucent surface over another',
    draw: (client) => {
      client.window(150, 150, BLUE);
      const window = client.window(100, 80, RED);
      const alpha = client.bind(WpAlphaModifierV1Proxy).getSurface(window.surface);
      alpha.setMultiplier(0x8000_0000);
      window.surface.commit();
    },
  },
  {
    name: 'a cut the fixed-point grid has no place for',
    draw: (client, fixture) => {
      const window = client.window(80, 80, RED);
      client.bind(WpViewporterProxy).getViewport(window.surface).setDestination(300, 70);
      window.surface.attach(client.sealedPixels(100, 80, gradient(100, 80), 1), 0, 0);
      window.surface.damageBuffer(0, 0, 100, 80);
      window.surface.commit();
      fixture.frames();
      const [toplevel] = fixture.inner.shell.windows;
      if (toplevel) fixture.inner.shell.move(toplevel, 100, 0);
    },
    copied: ['crop off the fixed-point grid'],
  },
  {
    name: 'an output turned by somebody',
    draw: (client, fixture) => {
      client.window(100, 80, RED);
      fixture.inner.outputs[0]?.change({ transform: 2 });
    },
  },
];

async function picture(scene: Scene, mode: NestedMode): Promise<Uint32Array> {
  let seen: Uint32Array = new Uint32Array();
  await withNested({ ...scene.options, mode }, (fixture) => {
    const client = fixture.connect();
    scene.draw(client, fixture);
    fixture.frames();
    expect(client.error).toBeUndefined();
    expect(fixture.lost).toBeUndefined();
    if (mode !== 'composited') {
      const { passed, copied } = fixture.counts;
      const reasons = Object.keys(copied).filter((reason) => reason !== 'being imported');
      expect(reasons).toEqual((scene.copied ?? []).filter((reason) => reason !== 'being imported'));
      expect(passed > 0 || reasons.length > 0).toBe(true);
    }
    seen = fixture.picture();
  });
  return seen;
}

test.each(SCENES.map((scene) => [scene.name, scene] as const))('%s', async (_, scene) => {
  const composited = await picture(scene, 'composited');
  expect(new Set(composited).size).toBeGreaterThan(1);
  expect(differing(await picture(scene, 'pass-through'), composited)).toEqual([]);
});

/** Places where two pictures differ: the first few, enough for a message. */
function differing(one: Uint32Array, other: Uint32Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < one.length && found.length < 3; at++) {
    const [a = 0, b = 0] = [one[at], other[at]];
    if (a !== b) found.push(`${at % 320},${Math.floor(at / 320)}: ${hex(a)} not ${hex(b)}`);
  }
  return found;
}

function hex(pixel: number): string {
  return pixel.toString(16).padStart(6, '0');
}
