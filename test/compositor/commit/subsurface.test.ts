/** Subsurface trees: what is synchronised applies with the parent, atomically. */
import { expect, test } from 'vitest';
import {
  WlSubcompositorError,
  WlSubsurfaceError,
} from '../../../protocols/generated/wayland.interfaces.ts';
import {
  WlSubcompositorProxy,
  type WlSubsurfaceProxy,
  type WlSurfaceProxy,
} from '../../../protocols/generated/wayland.client.ts';
import type { Surface } from '../../../compositor/surface/surface.ts';
import type { TestClient } from '../../support/compositor-client.ts';
import { withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';

interface Node {
  readonly proxy: WlSurfaceProxy;
  readonly surface: Surface;
}

class Tree {
  readonly client: TestClient;
  readonly fixture: CompositorFixture;
  readonly subcompositor: WlSubcompositorProxy;
  readonly root: Node;

  constructor(fixture: CompositorFixture) {
    this.fixture = fixture;
    this.client = fixture.connect();
    this.subcompositor = this.client.bind(WlSubcompositorProxy);
    this.root = this.client.createSurface();
  }

  child(parent: Node = this.root): Node & { sub: WlSubsurfaceProxy } {
    const node = this.client.createSurface();
    return { ...node, sub: this.subcompositor.getSubsurface(node.proxy, parent.proxy) };
  }

  commit(node: Node, width?: number): void {
    if (width !== undefined) node.proxy.attach(this.client.shmBuffer(width, 1).proxy, 0, 0);
    node.proxy.commit();
    this.fixture.settle();
  }
}

function withTree(run: (tree: Tree) => void): void {
  withCompositor({ budgets: { surfaces: DEPTH + 1 } }, (fixture) => run(new Tree(fixture)));
}

/** More than a client may have by default. */
const DEPTH = 3000;

const ids = (surface: Surface): number[] => surface.children.map((child) => child.surface.id);

test('a synchronised commit waits for the parent; position and stacking come with it', () => {
  withTree((tree) => {
    const child = tree.child();
    child.sub.setPosition(5, 6);
    tree.commit(child, 3);
    expect(child.surface.mapped).toBe(false);
    expect(child.surface.waiting).toEqual([{ type: 'parent' }]);
    expect(ids(tree.root.surface)).toEqual([tree.root.surface.id]);
    tree.commit(tree.root, 10);
    expect(child.surface.current.width).toBe(3);
    expect(tree.root.surface.children).toEqual([
      { surface: tree.root.surface, x: 0, y: 0 },
      { surface: child.surface, x: 5, y: 6 },
    ]);
  });
});

test('a grandchild applies with the commits above it, not before', () => {
  withTree((tree) => {
    const child = tree.child();
    const grandchild = tree.child(child);
    tree.commit(grandchild, 2);
    tree.commit(tree.root, 10);
    // The child has not committed: the grandchild's update belongs to its next commit.
    expect(grandchild.surface.mapped).toBe(false);
    tree.commit(child, 4);
    expect(grandchild.surface.mapped).toBe(false);
    tree.commit(tree.root);
    expect([child.surface.current.width, grandchild.surface.current.width]).toEqual([4, 2]);
  });
});

test('two commits of a child between two of the parent apply as one, the older buffer is released at once', () => {
  withTree((tree) => {
    const child = tree.child();
    const applied: number[] = [];
    child.surface.onApplied(({ state }) => applied.push(state.width));
    const older = tree.client.shmBuffer(3, 1);
    child.proxy.attach(older.proxy, 0, 0);
    child.proxy.setBufferTransform(2);
    tree.commit(child);
    tree.commit(child, 4);
    expect(older.releases).toBe(1);
    tree.commit(tree.root, 10);
    expect(applied).toEqual([4]);
    expect(child.surface.current.bufferTransform).toBe(2);
  });
});

test('a tree whose one child waits for a fence applies as a whole, when it is ready', () => {
  withTree((tree) => {
    const [left, right] = [tree.child(), tree.child()];
    const sync = tree.client.syncobj.getSurface(left.proxy);
    const acquire = tree.client.timeline();
    const release = tree.client.timeline();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    tree.commit(left, 3);
    tree.commit(right, 4);
    tree.commit(tree.root, 10);
    const widths = (): number[] =>
      [tree.root, left, right].map(({ surface }) => surface.current.width);
    expect(widths()).toEqual([0, 0, 0]);
    expect(tree.root.surface.waiting).toEqual([{ type: 'group', surface: left.surface.id }]);
    // A later commit of the right one alone stays behind.
    right.sub.setDesync();
    tree.commit(right, 5);
    expect(widths()).toEqual([0, 0, 0]);
    const seen: number[][] = [];
    tree.fixture.core.scheduler.onApplied(() => seen.push(widths()));
    acquire.signal(1n);
    tree.fixture.settle();
    // Told of each of the three, when all of them are applied.
    expect(seen).toEqual([
      [10, 3, 4],
      [10, 3, 4],
      [10, 3, 4],
      [10, 3, 5],
    ]);
  });
});

test('set_desync applies what was cached, and further commits by themselves', () => {
  withTree((tree) => {
    const child = tree.child();
    const grandchild = tree.child(child);
    grandchild.sub.setDesync();
    tree.commit(tree.root, 10);
    tree.commit(grandchild, 2);
    tree.commit(child, 3);
    expect(child.surface.mapped).toBe(false);
    child.sub.setDesync();
    tree.fixture.settle();
    expect([child.surface.current.width, grandchild.surface.current.width]).toEqual([3, 2]);
    tree.commit(grandchild, 5);
    expect(grandchild.surface.current.width).toBe(5);
    child.sub.setSync();
    tree.commit(grandchild, 6);
    expect(grandchild.surface.current.width).toBe(5);
  });
});

test('stacking: place_above and place_below, siblings and the parent, with the parent commit', () => {
  withTree((tree) => {
    const [a, b] = [tree.child(), tree.child()];
    tree.commit(tree.root, 10);
    const [root, first, second] = [tree.root, a, b].map(({ surface }) => surface.id);
    expect(ids(tree.root.surface)).toEqual([root, first, second]);
    a.sub.placeAbove(b.proxy);
    b.sub.placeBelow(tree.root.proxy);
    tree.fixture.settle();
    expect(ids(tree.root.surface)).toEqual([root, first, second]);
    tree.commit(tree.root);
    expect(ids(tree.root.surface)).toEqual([second, root, first]);
  });
});

test('a destroyed wl_subsurface leaves the tree at once; its surface can become one again', () => {
  withTree((tree) => {
    const child = tree.child();
    tree.commit(child, 3);
    tree.commit(tree.root, 10);
    const changes: number[][] = [];
    tree.root.surface.onApplied(() => changes.push(ids(tree.root.surface)));
    child.sub.destroy();
    tree.fixture.settle();
    expect(changes).toEqual([[tree.root.surface.id]]);
    tree.subcompositor.getSubsurface(child.proxy, tree.root.proxy);
    tree.fixture.settle();
    expect(tree.client.error).toBeUndefined();
  });
});

test('a child destroyed while its tree waits is left out; the rest applies', () => {
  withTree((tree) => {
    const child = tree.child();
    const sync = tree.client.syncobj.getSurface(child.proxy);
    const acquire = tree.client.timeline();
    const release = tree.client.timeline();
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    tree.commit(child, 3);
    tree.commit(tree.root, 10);
    expect(tree.root.surface.mapped).toBe(false);
    child.proxy.destroy();
    tree.fixture.settle();
    expect(tree.root.surface.current.width).toBe(10);
    expect(ids(tree.root.surface)).toEqual([tree.root.surface.id]);
    expect(release.signalled).toBe(1n);
  });
});

test('a parent destroyed before it took the cached commits lets them go their own way', () => {
  withTree((tree) => {
    const child = tree.child();
    const grandchild = tree.child(child);
    tree.commit(grandchild, 2);
    tree.commit(child, 3);
    child.proxy.destroy();
    tree.fixture.settle();
    expect(grandchild.surface.current.width).toBe(2);
    expect(tree.fixture.core.stats().clients[0]?.pendingUpdates).toBe(0);
  });
});

test('what was cached when the parent went applies before later commits', () => {
  withTree((tree) => {
    const child = tree.child();
    const grandchild = tree.child(child);
    const applied: number[] = [];
    grandchild.surface.onApplied(({ state }) => applied.push(state.width));
    tree.commit(grandchild, 2);
    child.proxy.destroy();
    tree.commit(grandchild, 3);
    grandchild.sub.setDesync();
    tree.fixture.settle();
    expect(applied).toEqual([2, 3]);
  });
});

test('a surface with another role, itself, or an ancestor cannot be made a subsurface', () => {
  withTree((tree) => {
    const child = tree.child();
    tree.subcompositor.getSubsurface(child.proxy, tree.root.proxy);
    tree.fixture.settle();
    expect(tree.client.error).toMatchObject({
      interface: 'wl_subcompositor',
      code: WlSubcompositorError.badSurface,
    });
  });
  withTree((tree) => {
    tree.subcompositor.getSubsurface(tree.root.proxy, tree.root.proxy);
    tree.fixture.settle();
    expect(tree.client.error).toMatchObject({ code: WlSubcompositorError.badParent });
  });
  withTree((tree) => {
    const grandchild = tree.child(tree.child());
    tree.subcompositor.getSubsurface(tree.root.proxy, grandchild.proxy);
    tree.fixture.settle();
    expect(tree.client.error).toMatchObject({ code: WlSubcompositorError.badParent });
  });
});

test('stacking relative to a stranger is bad_surface, on the wl_subsurface', () => {
  withTree((tree) => {
    const child = tree.child();
    const stranger = tree.client.createSurface();
    child.sub.placeAbove(stranger.proxy);
    tree.fixture.settle();
    expect(tree.client.error).toEqual({
      interface: 'wl_subsurface',
      object: child.sub.id,
      code: WlSubsurfaceError.badSurface,
    });
  });
});

test('a chain of thousands of nested subsurfaces commits, merges and desynchronises without running out of stack', () => {
  withTree((tree) => {
    const nodes: (Node & { sub: WlSubsurfaceProxy })[] = [];
    let above: WlSurfaceProxy = tree.root.proxy;
    for (let depth = 0; depth < DEPTH; depth++) {
      const proxy = tree.client.compositor.createSurface();
      const sub = tree.subcompositor.getSubsurface(proxy, above);
      nodes.push({ proxy, sub, surface: tree.root.surface });
      above = proxy;
    }
    tree.fixture.settle();
    for (let round = 0; round < 2; round++) {
      // Only the deepest 100: updates of one client are limited.
      for (const { proxy } of nodes.slice(-100).reverse()) proxy.commit();
      tree.fixture.settle();
    }
    nodes[0]?.sub.setDesync();
    tree.fixture.settle();
    expect(tree.client.error).toBeUndefined();
    for (const { sub } of nodes) sub.setDesync();
    tree.fixture.settle();
    expect(tree.client.error).toBeUndefined();
    expect(tree.fixture.core.stats().updates.pendingGroups).toBe(0);
    expect(tree.fixture.core.stats().clients[0]?.pendingUpdates).toBe(0);
  });
});
