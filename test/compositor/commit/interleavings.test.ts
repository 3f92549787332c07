/** Random interleavings of commits, fences, frames and destructions against what must always hold. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import {
  WlSubcompositorProxy,
  type WlSubsurfaceProxy,
  type WlSurfaceProxy,
} from '../../../protocols/generated/wayland.client.ts';
import type { SimFence } from '../../../devices/simulated/sim-fence.ts';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { TestClient, TestTimeline } from '../../support/compositor-client.ts';
import { CompositorFixture } from '../../support/compositor-fixture.ts';
import { EIO } from '../../../native/errno.ts';

const SURFACES = 4;

const surfaceIndex = fc.integer({ min: 0, max: SURFACES - 1 });
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      index: surfaceIndex,
      buffer: fc.boolean(),
      submitted: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      pick: fc.nat(),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('mode' as const),
      index: surfaceIndex,
      sync: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('detach' as const), index: surfaceIndex }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('destroy' as const), index: surfaceIndex }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('frame' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Node {
  readonly proxy: WlSurfaceProxy;
  readonly surface: Surface;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly sub: WlSubsurfaceProxy | null;
  alive: boolean;
}

/** A buffer commit: its points and how its fence ended. */
interface Commit {
  readonly node: Node;
  readonly width: number;
  readonly acquire: TestTimeline;
  readonly release: TestTimeline;
  fence: SimFence | null;
  ended: 'no' | 'good' | 'failed';
}

class World {
  readonly fixture = new CompositorFixture();
  readonly client: TestClient = this.fixture.connect();
  readonly nodes: Node[] = [];
  readonly commits: Commit[] = [];

  /** A root with two children and a grandchild. */
  constructor() {
    const subcompositor = this.client.bind(WlSubcompositorProxy);
    for (let index = 0; index < SURFACES; index++) {
      const { proxy, surface } = this.client.createSurface();
      const parent = index === 0 ? null : this.nodes[index === 3 ? 1 : 0];
      const sub = parent ? subcompositor.getSubsurface(proxy, parent.proxy) : null;
      const sync = this.client.syncobj.getSurface(proxy);
      this.nodes.push({ proxy, surface, sync, sub, alive: true });
    }
    this.fixture.settle();
  }

  run(operation: Operation): void {
    if (operation.kind === 'frame') this.fixture.frame();
    else if (operation.kind === 'end') this.#end(operation.pick, operation.fails);
    else this.#request(operation, this.nodes[operation.index]);
    this.fixture.settle();
  }

  #request(operation: Exclude<Operation, { kind: 'frame' | 'end' }>, node: Node | undefined): void {
    if (!node?.alive) return;
    if (operation.kind === 'commit') {
      if (operation.buffer) this.#attach(node, operation.submitted);
      node.proxy.commit();
    } else if (operation.kind === 'detach') {
      node.proxy.attach(null, 0, 0);
      node.proxy.commit();
    } else if (operation.kind === 'mode') {
      if (operation.sync) node.sub?.setSync();
      else node.sub?.setDesync();
    } else {
      node.alive = false;
      node.sync.destroy();
      node.sub?.destroy();
      node.proxy.destroy();
    }
  }

  /** Widths are unique, so that content tells its commit. */
  #attach(node: Node, submitted: boolean): void {
    const width = this.commits.length + 1;
    const commit: Commit = {
      node,
      width,
      acquire: this.client.timeline(),
      release: this.client.timeline(),
      fence: null,
      ended: 'no',
    };
    if (submitted) commit.fence = commit.acquire.submit(1n);
    node.sync.setAcquirePoint(commit.acquire.proxy, 0, 1);
    node.sync.setReleasePoint(commit.release.proxy, 0, 1);
    node.proxy.attach(this.client.shmBuffer(width, 1).proxy, 0, 0);
    this.commits.push(commit);
  }

  #end(pick: number, fails: boolean): void {
    const open = this.commits.filter(({ ended }) => ended === 'no');
    const commit = open[pick % Math.max(1, open.length)];
    if (!commit) return;
    commit.fence ??= commit.acquire.submit(1n);
    // The compositor sees that it was submitted before it ends: an error of a fence that is over by then nobody could see.
    this.fixture.settle();
    commit.ended = fails ? 'failed' : 'good';
    if (fails) commit.fence.fail(EIO);
    else commit.fence.signal();
  }

  /** What must hold at every moment. */
  check(): void {
    assert.equal(this.client.error, undefined);
    for (const { surface } of this.nodes) {
      const width = surface.current.content?.content.width;
      if (width === undefined) continue;
      const shown = this.commits[width - 1];
      assert.equal(shown?.ended, 'good', `content ${width} is shown`);
      assert.equal(shown?.release.signalled, 0n, `release of content ${width}, which is shown`);
    }
  }

  /** What must hold once everything has ended. */
  checkEnd(): void {
    for (const commit of this.commits) {
      if (commit.ended !== 'no') continue;
      commit.fence ??= commit.acquire.submit(1n);
      commit.fence.signal();
      commit.ended = 'good';
    }
    this.fixture.settle();
    // Only synchronised updates whose parents never commit again may be left.
    for (const { surface } of this.nodes) assert.equal(surface.queue.length, 0);
    for (const node of this.nodes.filter(({ alive }) => alive)) {
      node.alive = false;
      node.sync.destroy();
      node.proxy.destroy();
    }
    this.fixture.settle();
    for (const { width, release } of this.commits) {
      assert.equal(release.signalled, 1n, `release of content ${width} in the end`);
    }
    this.#checkTrace();
  }

  #checkTrace(): void {
    const ends = new Map<number, string>();
    const lastApplied = new Map<number, number>();
    const released = new Set<number>();
    for (const event of this.fixture.trace) {
      if (event.type === 'applied' || event.type === 'discarded') {
        assert.equal(ends.get(event.update), undefined, `end of update ${event.update}`);
        ends.set(event.update, event.type);
      }
      if (event.type === 'applied') {
        assert.ok(event.update > (lastApplied.get(event.surface) ?? 0), 'applied in commit order');
        lastApplied.set(event.surface, event.update);
      }
      if (event.type === 'released') {
        assert.ok(!released.has(event.update), `second release of ${event.update}`);
        released.add(event.update);
      }
    }
    const committed = this.fixture.trace.filter(({ type }) => type === 'commit');
    assert.equal(ends.size, committed.length);
    assert.equal(released.size, this.commits.length);
  }
}

test('order, fences, atomic trees and releases hold in every interleaving', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 5, maxLength: 40 }), (operations) => {
      const world = new World();
      try {
        for (const operation of operations) {
          world.run(operation);
          world.check();
        }
        world.checkEnd();
      } catch (error) {
        world.client.close();
        try {
          world.fixture.dispose();
        } catch {
          // Follows from the failure.
        }
        throw error;
      }
      world.fixture.dispose();
    }),
    { numRuns: 200, seed: 20_261_123 },
  );
});
