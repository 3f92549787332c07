/**
 * What wayland.xml says of commits and subsurfaces, kept from the requests a client made: which commits form one update, which
 * updates apply together, in which order. The compositor must come to the same.
 */
import type { CommitTruth } from './truth.ts';

/** Commits of one surface that apply as one; several when a synchronised subsurface was committed more than once. */
export class UpdateModel {
  readonly surface: SurfaceModel;
  readonly commits: CommitTruth[];
  /** What its synchronised children had cached when it was committed. */
  dependents: UpdateModel[] = [];
  group: GroupModel | undefined;
  state: 'cached' | 'queued' | 'applied' | 'discarded' = 'cached';

  constructor(surface: SurfaceModel, commit: CommitTruth) {
    this.surface = surface;
    this.commits = [commit];
  }

  /** The commit whose number the compositor reports for it. */
  get serial(): number {
    return this.commits.at(-1)?.serial ?? 0;
  }

  /** The commit that brings (or takes away) content, undefined when none does. */
  get effective(): CommitTruth | undefined {
    return this.commits.findLast(({ content }) => content !== undefined);
  }

  discard(): void {
    this.state = 'discarded';
    for (const commit of this.commits) commit.superseded = true;
  }

  /** Takes in what was cached before it. */
  absorb(older: UpdateModel): void {
    older.state = 'discarded';
    if (this.effective !== undefined) for (const commit of older.commits) commit.superseded = true;
    this.commits.unshift(...older.commits);
    for (const dependent of older.dependents) {
      if (dependent.state === 'discarded') continue;
      const twin = this.dependents.find(({ surface }) => surface === dependent.surface);
      if (twin) twin.absorb(dependent);
      else this.dependents.push(dependent);
    }
  }
}

/** Updates that apply together or not at all. */
export class GroupModel {
  readonly updates: readonly UpdateModel[];

  constructor(updates: readonly UpdateModel[]) {
    this.updates = updates;
    for (const update of updates) {
      update.group = this;
      update.state = 'queued';
      update.surface.queue.push(update);
    }
  }

  get live(): UpdateModel[] {
    return this.updates.filter(({ state }) => state !== 'discarded');
  }

  /** Some of it is applied and some is not: what nobody may ever see. */
  get torn(): boolean {
    const { live } = this;
    return (
      live.some(({ state }) => state === 'applied') && live.some(({ state }) => state === 'queued')
    );
  }
}

export class SurfaceModel {
  /** Object id of the wl_surface. */
  readonly id: number;
  readonly index: number;
  parent: SurfaceModel | null;
  readonly children: SurfaceModel[] = [];
  mode: 'sync' | 'desync' = 'sync';
  alive = true;
  serial = 0;
  cached: UpdateModel | null = null;
  queue: UpdateModel[] = [];
  /** What it shows by the compositor's own account, checked against pixels. */
  current: CommitTruth | null = null;
  /** An update was applied: from then on its children have their places. */
  everApplied = false;
  readonly #onGroup: (group: GroupModel) => void;

  constructor(
    id: number,
    index: number,
    parent: SurfaceModel | null,
    onGroup: (group: GroupModel) => void,
  ) {
    this.id = id;
    this.index = index;
    this.parent = parent;
    this.#onGroup = onGroup;
    parent?.children.push(this);
  }

  get synchronized(): boolean {
    if (!this.parent) return false;
    return this.mode === 'sync' || this.parent.synchronized;
  }

  commit(commit: CommitTruth): void {
    const update = new UpdateModel(this, commit);
    for (const child of this.children) {
      if (!child.cached || !child.synchronized) continue;
      update.dependents.push(child.cached);
      child.cached = null;
    }
    if (!this.synchronized) return this.#enqueue(update);
    if (this.cached) update.absorb(this.cached);
    this.cached = update;
  }

  setMode(mode: 'sync' | 'desync'): void {
    this.mode = mode;
    if (mode === 'desync') this.#desynchronized();
  }

  /** The wl_surface is destroyed. */
  destroy(): void {
    this.alive = false;
    const { parent, cached } = this;
    const absorbed = this.#takeAbsorbed();
    this.parent = null;
    if (parent) parent.children.splice(parent.children.indexOf(this), 1);
    for (const child of this.children) child.parent = null;
    for (const update of this.queue) update.discard();
    this.queue = [];
    this.cached = null;
    this.current = null;
    for (const update of [...absorbed, ...(cached ? [cached] : [])]) {
      update.discard();
      for (const dependent of update.dependents) this.#enqueue(dependent);
    }
    for (const child of this.children) child.#desynchronized();
  }

  /** Its updates that wait as part of an ancestor's cached one. */
  #takeAbsorbed(): UpdateModel[] {
    const taken: UpdateModel[] = [];
    const take = (update: UpdateModel): void => {
      taken.push(...update.dependents.filter(({ surface }) => surface === this));
      update.dependents = update.dependents.filter(({ surface }) => surface !== this);
      for (const dependent of update.dependents) take(dependent);
    };
    for (let holder = this.parent; holder; holder = holder.parent) {
      if (holder.cached) take(holder.cached);
    }
    return taken;
  }

  #desynchronized(): void {
    if (!this.alive || this.synchronized) return;
    const { cached } = this;
    this.cached = null;
    if (cached) this.#enqueue(cached);
    for (const child of this.children) child.#desynchronized();
  }

  #enqueue(update: UpdateModel): void {
    const flat: UpdateModel[] = [];
    const open = [update];
    for (let next = open.pop(); next; next = open.pop()) {
      if (next.state === 'discarded') continue;
      flat.push(next);
      open.push(...next.dependents);
      next.dependents = [];
    }
    if (flat.length > 0) this.#onGroup(new GroupModel(flat));
  }
}
