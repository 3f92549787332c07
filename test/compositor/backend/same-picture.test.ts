/**
 * Whatever clients do, in whatever order: the host shows the same picture, whether surfaces are passed through to it or not. Both
 * draw by damage alone, so what one of them takes for unchanged shows.
 */
import { describe, expect, test } from 'vitest';
import type { NestedMode } from '../../../compositor/backend/nested-mode.ts';
import { createRandom, type Random } from '../../../lab/random.ts';
import { WpViewporterProxy } from '../../../protocols/generated/viewporter.client.ts';
import type { WpViewportProxy } from '../../../protocols/generated/viewporter.client.ts';
import type { WlOutputTransform } from '../../../protocols/generated/wayland.interfaces.ts';
import { WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import type {
  WlBufferProxy,
  WlSubsurfaceProxy,
  WlSurfaceProxy,
} from '../../../protocols/generated/wayland.client.ts';
import {
  type NestedClient,
  type NestedFixture,
  type NestedFixtureOptions,
  withNested,
} from '../../support/nested-fixture.ts';
import type { TestWindow } from '../../support/shell-client.ts';

/** Each kind of host. */
const SEEDS = 6;
const STEPS = 60;
/** Steps between two looks at the picture. */
const LOOK_EVERY = 4;
const MS = 1_000_000n;
const MAX_SURFACES = 6;
const XRGB8888 = 1;

interface Kind {
  readonly host: string;
  readonly options: NestedFixtureOptions;
  /** What is told apart by how a host filters at the edge of a crop. */
  readonly without: readonly string[];
}

const KINDS: readonly Kind[] = [
  { host: 'pixel for pixel', options: {}, without: ['scale', 'turn'] },
  {
    host: 'with filters',
    options: { hostOutput: { width: 640, height: 480, scale: 2 } },
    without: ['crop'],
  },
];

interface Drawn {
  readonly surface: WlSurfaceProxy;
  readonly parent: WlSurfaceProxy | null;
  readonly subsurface: WlSubsurfaceProxy | null;
  readonly viewport: WpViewportProxy;
  readonly window: TestWindow | null;
  width: number;
  height: number;
  pixels: Uint32Array;
}

class Scene {
  readonly #fixture: NestedFixture;
  readonly #client: NestedClient;
  readonly #random: Random;
  readonly #drawn: Drawn[] = [];

  constructor(fixture: NestedFixture, random: Random) {
    this.#fixture = fixture;
    this.#client = fixture.connect();
    this.#random = random;
  }

  get client(): NestedClient {
    return this.#client;
  }

  readonly acts: Readonly<Record<string, () => void>> = {
    open: () => {
      if (this.#drawn.length >= MAX_SURFACES) return;
      const random = this.#random;
      const [width, height] = [random.between(20, 200), random.between(20, 150)];
      const window = this.#client.window(width, height, 0x404040);
      this.#add(window.surface, { window });
    },
    subsurface: () => {
      const parent = this.#pick();
      if (!parent || this.#drawn.length >= MAX_SURFACES) return;
      const surface = this.#client.compositor.createSurface();
      const subcompositor = this.#client.bind(WlSubcompositorProxy);
      const subsurface = subcompositor.getSubsurface(surface, parent.surface);
      subsurface.setPosition(this.#random.between(-30, 100), this.#random.between(-30, 100));
      if (this.#random.chance(0.5)) subsurface.setDesync();
      this.#add(surface, { subsurface, parent: parent.surface });
    },
    close: () => {
      const [gone] = this.#drawn.filter(({ window }) => window);
      if (!gone?.window || !this.#random.chance(0.3)) return;
      this.#forget(gone);
      gone.window.toplevel.destroy();
      gone.window.xdgSurface.destroy();
      gone.surface.destroy();
    },
    redraw: () => this.#redraw(this.#pick()),
    touch: () => this.#touch(this.#pick()),
    touchAgain: () => this.#touch(this.#pick()),
    hide: () => {
      const { surface } = this.#pick(({ window }) => window === null) ?? {};
      surface?.attach(null, 0, 0);
      surface?.commit();
    },
    place: () => {
      const { subsurface, parent } = this.#pick(({ window }) => window === null) ?? {};
      subsurface?.setPosition(this.#random.between(-60, 150), this.#random.between(-60, 150));
      if (this.#random.chance(0.3) && parent) subsurface?.placeBelow(parent);
      parent?.commit();
    },
    crop: () => {
      const drawn = this.#pick();
      if (!drawn) return;
      const { viewport, width, height } = drawn;
      const [left, top] = [this.#random.between(0, width - 8), this.#random.between(0, height - 8)];
      if (this.#random.chance(0.3)) viewport.setSource(-1, -1, -1, -1);
      else viewport.setSource(left, top, width - left, height - top);
      drawn.surface.commit();
    },
    scale: () => {
      const { surface } = this.#pick() ?? {};
      surface?.setBufferScale(this.#random.pick([1, 2]));
      surface?.commit();
    },
    turn: () => {
      const { surface } = this.#pick() ?? {};
      surface?.setBufferTransform(this.#random.between(0, 7) as WlOutputTransform);
      surface?.commit();
    },
    move: () => {
      const { shell } = this.#fixture.inner;
      const window = shell.windows[this.#random.between(0, shell.windows.length)];
      if (!window) return;
      shell.move(window, this.#random.between(-100, 250), this.#random.between(-80, 180));
      if (this.#random.chance(0.5)) shell.activate(window);
    },
    output: () => {
      const [output] = this.#fixture.inner.outputs;
      const transform = this.#random.pick([0, 0, 0, 2] as const);
      output?.change({ transform });
    },
    time: () => this.#fixture.advance(BigInt(this.#random.between(1, 40)) * MS),
  };

  #add(surface: WlSurfaceProxy, more: Partial<Drawn>): void {
    const viewport = this.#client.bind(WpViewporterProxy).getViewport(surface);
    const parts = { parent: null, subsurface: null, window: null, ...more };
    const drawn = { surface, viewport, ...parts, width: 0, height: 0, pixels: new Uint32Array() };
    this.#drawn.push(drawn);
    this.#redraw(drawn);
  }

  #forget(gone: Drawn): void {
    this.#drawn.splice(this.#drawn.indexOf(gone), 1);
    for (const child of this.#drawn.filter(({ parent }) => parent === gone.surface)) {
      this.#forget(child);
      child.surface.destroy();
    }
  }

  #pick(fits: (drawn: Drawn) => boolean = () => true): Drawn | undefined {
    const candidates = this.#drawn.filter(fits);
    return candidates.length === 0 ? undefined : this.#random.pick(candidates);
  }

  /** Another size, all of it new. */
  #redraw(drawn: Drawn | undefined): void {
    if (!drawn) return;
    const random = this.#random;
    drawn.width = 2 * random.between(5, 100);
    drawn.height = 2 * random.between(5, 80);
    drawn.pixels = new Uint32Array(drawn.width * drawn.height).fill(random.between(0, 0xffffff));
    drawn.viewport.setSource(-1, -1, -1, -1);
    drawn.surface.attach(this.#buffer(drawn), 0, 0);
    drawn.surface.damageBuffer(0, 0, drawn.width, drawn.height);
    drawn.surface.commit();
    if (random.chance(0.5)) drawn.parent?.commit();
  }

  /** A part of it is new, and no more is damaged. */
  #touch(drawn: Drawn | undefined): void {
    if (!drawn || drawn.width === 0) return;
    const random = this.#random;
    const { width, height } = drawn;
    const [left, top] = [random.between(0, width), random.between(0, height)];
    const [right, bottom] = [random.between(left, width), random.between(top, height)];
    const colour = random.between(0, 0xffffff);
    const pixels = drawn.pixels.slice();
    for (let y = top; y < bottom; y++) pixels.fill(colour, y * width + left, y * width + right);
    drawn.pixels = pixels;
    drawn.surface.attach(this.#buffer(drawn), 0, 0);
    drawn.surface.damageBuffer(left, top, right - left, bottom - top);
    drawn.surface.commit();
    if (random.chance(0.5)) drawn.parent?.commit();
  }

  /** Of a kind the host can have at once, after a question, or never. */
  #buffer({ width, height, pixels }: Drawn): WlBufferProxy {
    const client = this.#client;
    return this.#random.pick([
      () => client.sealedPixels(width, height, pixels, XRGB8888),
      () => client.loosePixels(width, height, pixels, XRGB8888),
      () => client.dmabufPixels(width, height, pixels),
    ])();
  }
}

/** The host's pictures, each with what was done before. */
async function pictures(
  seed: number,
  mode: NestedMode,
  { options, without }: Kind,
): Promise<[string, Uint32Array][]> {
  const random = createRandom(seed, 'same picture');
  const seen: [string, Uint32Array][] = [];
  const done: string[] = [];
  await withNested({ ...options, mode }, (fixture) => {
    const scene = new Scene(fixture, random);
    const names = Object.keys(scene.acts).filter((act) => !without.includes(act));
    for (let step = 0; step < STEPS; step++) {
      const act = step < 2 ? 'open' : random.pick(names);
      done.push(act);
      scene.acts[act]?.();
      if (random.chance(0.5)) fixture.settle();
      if (step % LOOK_EVERY !== 0) continue;
      fixture.frames();
      seen.push([done.join(' '), fixture.picture()]);
    }
    expect(scene.client.error).toBeUndefined();
    expect(fixture.lost).toBeUndefined();
    if (mode !== 'composited') expect(fixture.counts.passed).toBeGreaterThan(0);
  });
  return seen;
}

describe.each(KINDS)('a host $host', (kind) => {
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
    const expected = await pictures(seed, 'composited', kind);
    const passed = await pictures(seed, 'pass-through', kind);
    expect(passed.length).toBe(expected.length);
    passed.forEach(([done, picture], look) => {
      const [, composited] = expected[look] ?? [];
      const differing = picture.filter((pixel, index) => pixel !== composited?.[index]).length;
      expect(differing, done).toBe(0);
    });
  });
});
