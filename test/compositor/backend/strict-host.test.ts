/** Whatever clients, users and GPUs do, in whatever order: a nested compositor breaks no rule of its host. */
import { describe, expect, test } from 'vitest';
import type { NestedMode } from '../../../compositor/backend/nested-mode.ts';
import { createRandom, type Random } from '../../../lab/random.ts';
import { ZwpIdleInhibitManagerV1Proxy } from '../../../protocols/generated/idle-inhibit-unstable-v1.client.ts';
import { ZwpPointerConstraintsV1Proxy } from '../../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import type {
  ZwpConfinedPointerV1Proxy,
  ZwpLockedPointerV1Proxy,
} from '../../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { WlSeatProxy, WlSubcompositorProxy } from '../../../protocols/generated/wayland.client.ts';
import type { WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { WlOutputTransform } from '../../../protocols/generated/wayland.interfaces.ts';
import { WpViewporterProxy } from '../../../protocols/generated/viewporter.client.ts';
import {
  NestedFixture,
  type NestedClient,
  type NestedFixtureOptions,
  withNested,
} from '../../support/nested-fixture.ts';
import type { TestWindow } from '../../support/shell-client.ts';

const SEEDS = 12;
const STEPS = 60;
const MS = 1_000_000n;

interface Player {
  readonly client: NestedClient;
  readonly windows: TestWindow[];
  readonly surfaces: WlSurfaceProxy[];
  readonly constraints: Map<TestWindow, ZwpLockedPointerV1Proxy | ZwpConfinedPointerV1Proxy>;
}

type Act = (fixture: NestedFixture, random: Random, players: Player[]) => void;

const ACTS: Readonly<Record<string, Act>> = {
  connect: (fixture, _random, players) => {
    if (players.length >= 3) return;
    players.push({
      client: fixture.connect(),
      windows: [],
      surfaces: [],
      constraints: new Map(),
    });
  },
  leave: (fixture, random, players) => {
    const [gone] = players.splice(random.between(0, players.length), 1);
    gone?.client.close();
    fixture.settle();
  },
  open: (_fixture, random, players) => {
    const player = pickOne(random, players);
    if (!player || player.windows.length >= 4) return;
    const [width, height] = [random.between(1, 400), random.between(1, 300)];
    player.windows.push(player.client.window(width, height, random.between(0, 0xffffff)));
  },
  close: (_fixture, random, players) => {
    const player = pickOne(random, players);
    const [window] = player?.windows.splice(0, 1) ?? [];
    if (!window) return;
    window.toplevel.destroy();
    window.xdgSurface.destroy();
    window.surface.destroy();
  },
  draw: (_fixture, random, players) => {
    const player = pickOne(random, players);
    const window = player && pickOne(random, player.windows);
    if (!window) return;
    const { client } = player;
    const [width, height] = [2 * random.between(1, 100), 2 * random.between(1, 100)];
    const colour = random.between(0, 0xffffff);
    window.surface.setBufferScale(random.chance(0.2) ? 2 : 1);
    window.surface.setBufferTransform(random.between(0, 7) as WlOutputTransform);
    window.surface.attach(
      random.pick([
        () => client.sealedBuffer(width, height, colour),
        () => client.buffer(width, height, colour),
        () => client.dmabuf(width, height, colour, livingGpu(_fixture)),
      ])(),
      0,
      0,
    );
    if (random.chance(0.8)) window.surface.damageBuffer(0, 0, width, height);
    window.surface.commit();
  },
  unmap: (fixture, random, players) => {
    const player = pickOne(random, players);
    const [window] = player?.windows ?? [];
    if (!window) return;
    window.surface.attach(null, 0, 0);
    window.surface.commit();
    fixture.settle();
    window.surface.commit();
    fixture.settle();
    const serial = window.configures.at(-1)?.serial;
    if (serial !== undefined) window.xdgSurface.ackConfigure(serial);
  },
  subsurface: (_fixture, random, players) => {
    const player = pickOne(random, players);
    const [window] = player?.windows ?? [];
    if (!player || !window) return;
    const surface = player.client.compositor.createSurface();
    const subcompositor = player.client.bind(WlSubcompositorProxy);
    const subsurface = subcompositor.getSubsurface(surface, window.surface);
    subsurface.setPosition(random.between(-50, 300), random.between(-50, 200));
    if (random.chance(0.3)) subsurface.placeBelow(window.surface);
    if (random.chance(0.5)) subsurface.setDesync();
    const viewport = player.client.bind(WpViewporterProxy).getViewport(surface);
    if (random.chance(0.6)) viewport.setDestination(random.between(1, 200), random.between(1, 200));
    if (random.chance(0.4)) viewport.setSource(random.between(0, 10) / 4, 0.5, 20.25, 30);
    else viewport.setSource(0, 0, 20, 30);
    surface.attach(player.client.sealedBuffer(40, 40, random.between(0, 0xffffff)), 0, 0);
    surface.damage(0, 0, 40, 40);
    surface.commit();
    window.surface.commit();
    player.surfaces.push(surface);
  },
  dropSubsurface: (_fixture, random, players) => {
    pickOne(random, players)?.surfaces.pop()?.destroy();
  },
  move: (fixture, random) => {
    const window = pickOne(random, fixture.inner.shell.windows);
    if (!window) return;
    fixture.inner.shell.move(window, random.between(-200, 350), random.between(-150, 250));
    if (random.chance(0.5)) fixture.inner.shell.activate(window);
  },
  resizeHost: (fixture, random) => {
    const [window] = fixture.host.shell.windows;
    if (!window) return;
    if (random.chance(0.5)) fixture.host.shell.setMaximized(window, random.chance(0.5));
    else fixture.host.shell.setFullscreen(window, random.chance(0.5), null);
  },
  hostOutput: (fixture, random) => {
    const [output] = fixture.host.outputs;
    const size = { width: random.between(100, 500), height: random.between(100, 400) };
    output?.change({ ...size, scale: random.pick([1, 1.5, 2, 3]) });
  },
  innerOutput: (fixture, random) => {
    const [output] = fixture.inner.outputs;
    output?.change({
      scale: random.pick([1, 1.25, 2]),
      transform: random.pick([0, 0, 0, 1, 4] as const),
    });
  },
  pointer: (fixture, random) => {
    fixture.host.seat.pointer.moveTo(random.between(0, 320), random.between(0, 240));
    fixture.host.seat.pointer.button(0x110, random.chance(0.5));
  },
  constrain: (fixture, random, players) => {
    const player = pickOne(random, players);
    const window = player && pickOne(random, player.windows);
    if (!player || !window || player.constraints.has(window)) return;
    const { client } = player;
    const manager = client.bind(ZwpPointerConstraintsV1Proxy);
    const pointer = client.bind(WlSeatProxy).getPointer();
    const region = client.compositor.createRegion();
    region.add(0, 0, random.between(1, 300), random.between(1, 300));
    const where = random.chance(0.5) ? region : null;
    const lifetime = random.pick([1, 2] as const);
    const constraint = random.chance(0.5)
      ? manager.lockPointer(window.surface, pointer, where, lifetime)
      : manager.confinePointer(window.surface, pointer, where, lifetime);
    player.constraints.set(window, constraint);
    fixture.settle();
    fixture.host.seat.pointer.moveBy(random.between(-50, 50), random.between(-50, 50));
  },
  release: (_fixture, random, players) => {
    const player = pickOne(random, players);
    const [window, constraint] = [...(player?.constraints ?? [])][0] ?? [];
    if (!player || !window || !constraint) return;
    player.constraints.delete(window);
    if ('setCursorPositionHint' in constraint) constraint.setCursorPositionHint(5, 5);
    constraint.destroy();
  },
  stayAwake: (_fixture, random, players) => {
    const player = pickOne(random, players);
    const window = player && pickOne(random, player.windows);
    if (!window) return;
    const inhibitor = player.client
      .bind(ZwpIdleInhibitManagerV1Proxy)
      .createInhibitor(window.surface);
    if (random.chance(0.5)) inhibitor.destroy();
  },
  unplug: (fixture, random) => {
    const gpu = random.pick(['sim:0', 'sim:1']);
    const there = fixture.kernel.listNodes().some(({ id }) => id === gpu);
    if (!there) fixture.kernel.addDevice({ id: gpu });
    else if (fixture.kernel.listNodes().length > 1) fixture.kernel.removeDevice(gpu);
    // Until its uevent a device is neither there nor gone.
    fixture.advance(50n * MS);
  },
  time: (fixture, random) => fixture.advance(BigInt(random.between(1, 40)) * MS),
};

/** How it ends. The host closes the connection last, so that it can still say what it thinks of us. */
const ENDS: Readonly<Record<string, (fixture: NestedFixture) => void>> = {
  'we leave': () => undefined,
  'the host closes the window': (fixture) => {
    fixture.host.shell.windows[0]?.close();
    fixture.frames();
    expect(fixture.lost).toBe('the host closed our window');
  },
  'the host goes': (fixture) => {
    for (const client of fixture.host.display.clients) client.disconnect();
    fixture.frames();
    expect(fixture.lost).toMatch(/^the host compositor is gone/);
  },
  'the host’s output goes': (fixture) => {
    const [output] = fixture.host.outputs;
    if (output) fixture.host.desktop.removeOutput(output);
    fixture.frames();
  },
};

const MODES: readonly NestedMode[] = ['composited', 'pass-through'];

describe.each(MODES)('%s', (mode) => {
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
    const random = createRandom(seed, mode);
    const ends = Object.entries(ENDS);
    const [name, end] = ends[seed % ends.length] ?? ['', () => undefined];
    const done: string[] = [];
    const options: NestedFixtureOptions = { mode };
    await withNested(options, (fixture) => {
      const players: Player[] = [];
      const names = Object.keys(ACTS);
      for (let step = 0; step < STEPS; step++) {
        const act = step < 2 ? 'connect' : random.pick(names);
        done.push(act);
        ACTS[act]?.(fixture, random, players);
        if (random.chance(0.5)) fixture.settle();
        // A client that broke a rule was ended: its own business.
        for (const player of players.filter(({ client }) => client.error)) {
          players.splice(players.indexOf(player), 1);
        }
        expect(fixture.lost, `${fixture.lost} after ${done.join(' ')}`).toBeUndefined();
      }
      if (random.chance(0.5)) fixture.frames();
      done.push(name);
      end(fixture);
      const complaints = fixture.logged.filter((line) => line.startsWith('host warn'));
      expect(complaints, done.join(' ')).toEqual([]);
    });
  });
});

test('the host is told nothing wrong when we leave in the middle of everything', async () => {
  const fixture = await NestedFixture.create();
  const client = fixture.connect();
  const window = client.window(100, 80, 0xff0000);
  window.surface.attach(client.dmabuf(64, 64, 0x00ff00), 0, 0);
  window.surface.commit();
  // The host’s answer to the import is on its way, its frame callback too.
  fixture.inner.dispose();
  fixture.dispose();
});

function pickOne<T>(random: Random, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : random.pick(items);
}

function livingGpu(fixture: NestedFixture): string {
  return fixture.kernel.listNodes()[0]?.id ?? 'sim:0';
}
