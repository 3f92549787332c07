/** Compares what the compositor does with what is true: fed by its trace, its screen and its calls into the kernel. */
import type { CommitTraceEvent } from '../../compositor/trace.ts';
import type { FenceOutcome } from '../../sync/fence.ts';
import { BACKGROUND, type Screen } from './screen.ts';
import type { GroupModel, SurfaceModel, UpdateModel } from './surface-model.ts';
import { WorkTruth, type CommitTruth, type ReleaseTruth, type TimelineTruth } from './truth.ts';
import type { Invariant, Violations } from './violation.ts';

/** A client as the judge knows it. */
export interface JudgedClient {
  /** Its row on the screen. */
  readonly row: number;
  readonly surfaces: readonly SurfaceModel[];
}

/** A client may submit this long after its commit, whatever becomes of devices. */
const PATIENCE_NS = 1_000_000_000n;

interface JudgedTimeline {
  readonly truth: TimelineTruth;
  readonly releases: Map<bigint, OwedRelease>;
}

interface OwedRelease {
  readonly truth: ReleaseTruth;
  readonly surface: SurfaceModel;
}

export class Judge {
  readonly #violations: Violations;
  readonly #clients = new Map<number, JudgedClient>();
  readonly #timelines = new Map<bigint, JudgedTimeline>();
  readonly #groups = new Set<GroupModel>();
  /** How many commits of a surface the trace has told of. */
  readonly #traced = new Map<SurfaceModel, number>();
  readonly #byUpdate = new Map<number, { surface: SurfaceModel; commit: CommitTruth }>();
  readonly #commits = new Map<SurfaceModel, CommitTruth[]>();
  /** Commits of which it is not known yet whether the compositor had a chance to look at their point. */
  readonly #unnoted = new Set<CommitTruth>();
  readonly #nowNs: () => bigint;
  #losses = 0;

  constructor(violations: Violations, nowNs: () => bigint) {
    this.#violations = violations;
    this.#nowNs = nowNs;
  }

  joined(number: number, client: JudgedClient): void {
    this.#clients.set(number, client);
  }

  /** Its process is gone; so is all that was expected for it. */
  left(number: number): void {
    for (const surface of this.#clients.get(number)?.surfaces ?? []) {
      surface.alive = false;
      for (const update of surface.queue) update.discard();
      const read = this.#traced.get(surface) ?? 0;
      for (const [position, commit] of (this.#commits.get(surface) ?? []).entries()) {
        commit.superseded = true;
        if (position >= read && commit.release) commit.release.forgiven = true;
      }
      surface.queue = [];
      surface.current = null;
    }
    this.#clients.delete(number);
  }

  /** By the identity of the syncobj's files. */
  timeline(identity: bigint, truth: TimelineTruth): void {
    this.#timelines.set(identity, { truth, releases: new Map() });
  }

  grouped(group: GroupModel): void {
    this.#groups.add(group);
  }

  /** A client is about to send this commit. */
  committed(surface: SurfaceModel, commit: CommitTruth): void {
    const commits = this.#commits.get(surface);
    if (commits) commits.push(commit);
    else this.#commits.set(surface, [commit]);
    if (commit.acquireTimeline) this.#unnoted.add(commit);
  }

  owed(identity: bigint, surface: SurfaceModel, release: ReleaseTruth): void {
    const entry = { truth: release, surface };
    this.#timelines.get(identity)?.releases.set(release.point, entry);
  }

  deviceLost(): void {
    this.#losses++;
  }

  // --- what the compositor does ---------------------------------------------------------------------

  traced(event: CommitTraceEvent): void {
    if (event.type === 'commit') return this.#tracedCommit(event);
    const entry = this.#byUpdate.get(event.update);
    if (!entry?.surface.alive) return;
    const { surface, commit } = entry;
    if (event.type === 'signalled') {
      this.#judgeOutcome(surface, broughtContent(surface, commit), event.outcome);
    } else if (event.type === 'applied') this.#judgeApplied(surface, commit, event.shown);
    else if (event.type === 'discarded') this.#judgeDiscarded(surface, commit);
  }

  signalled(identity: bigint, point: bigint): void {
    const timeline = this.#timelines.get(identity);
    const release = timeline?.releases.get(point);
    if (!timeline || !release) {
      this.#broken('release-too-early', `point ${point} was signalled, which is no release point`);
      return;
    }
    const { surface, truth } = release;
    const { commit } = truth;
    truth.signals++;
    const what = `release ${point} of ${name(surface, commit)}`;
    if (truth.signals > 1) this.#broken('release-twice', `${what}, ${truth.signals} times`);
    if (this.#inUse(surface, commit)) this.#broken('release-too-early', what);
    const done = new WorkTruth();
    done.end(false);
    timeline.truth.add(point, done);
  }

  /** wl_buffer.release: without points the client goes by this. */
  bufferReleased(surface: SurfaceModel, { commit, signals }: ReleaseTruth): void {
    const what = `wl_buffer.release of ${name(surface, commit)}`;
    if (signals > 1) this.#broken('release-twice', what);
    if (this.#inUse(surface, commit)) this.#broken('release-too-early', what);
  }

  shown(screen: Screen): void {
    this.#judgeTrees();
    for (const { row, surfaces } of this.#clients.values()) {
      for (const surface of surfaces) this.#judgePixel(surface, screen(surface.index, row), row);
    }
  }

  // --- at rest ----------------------------------------------------------------------------------------

  /**
   * Everything that could happen without time passing has happened. `healthy`: a device was there and nothing failed, so that the
   * compositor had every chance to look at its points.
   */
  settled(healthy: boolean): void {
    this.#judgeTrees();
    if (!healthy) return;
    for (const group of this.#groups) {
      if (this.#couldApply(group)) {
        const [first] = group.live;
        if (first) this.#broken('ready-update-held', describe(first));
      }
    }
    for (const commit of this.#unnoted) if (noteVisibility(commit)) this.#unnoted.delete(commit);
  }

  /** Everybody has let go of everything. */
  audit(): void {
    for (const { releases } of this.#timelines.values()) {
      for (const { truth, surface } of releases.values()) {
        if (truth.signals > 0 || truth.forgiven) continue;
        this.#broken('release-lost', `${truth.point} of ${name(surface, truth.commit)}`);
      }
    }
  }

  /** Releases of clients that died without a device there are nobody's business any more. */
  forgiveReleases(surfaces: readonly SurfaceModel[]): void {
    for (const { releases } of this.#timelines.values()) {
      for (const release of releases.values()) {
        if (surfaces.includes(release.surface)) release.truth.forgiven = true;
      }
    }
  }

  #tracedCommit(event: CommitTraceEvent): void {
    const client = this.#clients.get(event.client);
    const surface = client?.surfaces.find(({ id, alive }) => id === event.surface && alive);
    if (!surface) return;
    const position = this.#traced.get(surface) ?? 0;
    this.#traced.set(surface, position + 1);
    const commit = this.#commits.get(surface)?.[position];
    if (commit) this.#byUpdate.set(event.update, { surface, commit });
    else this.#broken('updates-out-of-order', `${place(surface)}: a commit nobody made`);
  }

  #judgeOutcome(surface: SurfaceModel, commit: CommitTruth, outcome: FenceOutcome): void {
    commit.verdict = outcome.type;
    const what = `${name(surface, commit)}: ${outcome.type}`;
    const { work, acquireTimeline } = commit;
    if (outcome.type === 'signalled') {
      if (work === undefined || work.state === 'running') {
        this.#broken('content-before-fence', `${what}, its work is ${commit.phase}`);
      }
    } else if (outcome.type === 'failed') {
      if (!acquireTimeline?.anyFailed) this.#broken('good-content-dropped', what);
    } else {
      // What was submitted while no device was there to be asked is not known to the compositor.
      const known = work !== undefined && commit.failureVisible !== undefined;
      const patient = this.#nowNs() - commit.committedAtNs >= PATIENCE_NS;
      if (known || this.#losses === 0 || !patient) {
        this.#broken('good-content-dropped', `${what} (${outcome.reason})`);
      }
    }
  }

  #judgeApplied(surface: SurfaceModel, commit: CommitTruth, shown: boolean): void {
    const [update] = surface.queue;
    if (!update || update.serial !== commit.serial) {
      const expected = update ? describe(update) : 'nothing';
      this.#broken('updates-out-of-order', `${name(surface, commit)} applied, ${expected} is next`);
      return;
    }
    surface.queue.shift();
    update.state = 'applied';
    surface.everApplied = true;
    const { effective } = update;
    if (!effective) return;
    if (!shown) {
      if (effective.verdict === 'signalled' || effective.verdict === undefined) {
        this.#broken('good-content-dropped', name(surface, effective));
      }
      return;
    }
    if (typeof effective.content === 'number') this.#judgeContent(surface, effective);
    surface.current = effective.content === null ? null : effective;
  }

  #judgeContent(surface: SurfaceModel, commit: CommitTruth): void {
    const what = name(surface, commit);
    if (commit.phase === 'failed') {
      if (commit.failureVisible === 'yes') this.#broken('failed-content-shown', what);
    } else if (!commit.ready) {
      this.#broken('content-before-fence', `${what}, its work is ${commit.phase}`);
    }
  }

  #judgeDiscarded(surface: SurfaceModel, commit: CommitTruth): void {
    const lost = surface.queue.find((update) => update.serial === commit.serial);
    if (lost) this.#broken('updates-out-of-order', `${describe(lost)} was discarded`);
  }

  #judgeTrees(): void {
    for (const group of this.#groups) {
      if (group.torn) {
        this.#broken('torn-tree', group.live.map(describe).join(', '));
      }
      if (group.live.every(({ state }) => state === 'applied')) this.#groups.delete(group);
    }
  }

  #judgePixel(surface: SurfaceModel, colour: number, row: number): void {
    const { current } = surface;
    const expected = current && isVisible(surface) ? (current.content ?? BACKGROUND) : BACKGROUND;
    if (colour === expected) return;
    // A failure the kernel did not tell: what the buffer holds is anything.
    if (current && current.phase === 'failed') return;
    const what = current ? name(surface, current) : `${place(surface)} without content`;
    const colours = `0x${colour.toString(16)} instead of 0x${expected.toString(16)}`;
    this.#broken('wrong-pixels', `row ${row}: ${what} shows ${colours}`);
  }

  #inUse(surface: SurfaceModel, commit: CommitTruth): boolean {
    if (!surface.alive || commit.superseded) return false;
    if (commit.verdict === 'failed' || commit.verdict === 'lost') return false;
    if (surface.current === commit) return true;
    const applied = surface.queue.every((update) => !update.commits.includes(commit));
    return (
      !applied || (surface.cached?.commits.includes(commit) ?? false) || this.#absorbed(commit)
    );
  }

  /** Cached with its parent's cached update. */
  #absorbed(commit: CommitTruth): boolean {
    const holds = (update: UpdateModel): boolean =>
      update.commits.includes(commit) || update.dependents.some(holds);
    for (const { surfaces } of this.#clients.values()) {
      for (const { cached } of surfaces) if (cached && holds(cached)) return true;
    }
    return false;
  }

  #couldApply(group: GroupModel): boolean {
    const { live } = group;
    return (
      live.length > 0 &&
      live.every(({ surface, state }) => state === 'queued' && surface.queue[0]?.group === group) &&
      live.every(({ effective }) => effective === undefined || isDecided(effective))
    );
  }

  #broken(invariant: Invariant, detail: string): void {
    this.#violations.add(invariant, detail);
  }
}

/** Its outcome is there for the compositor to see. */
function isDecided(commit: CommitTruth): boolean {
  const { acquireTimeline, work, verdict } = commit;
  if (!acquireTimeline || verdict !== undefined) return true;
  return work !== undefined && acquireTimeline.idle;
}

/** After a healthy rest the compositor has turned a submitted point into a sync_file. False while there is nothing to look at. */
function noteVisibility(commit: CommitTruth): boolean {
  const { work, acquireTimeline } = commit;
  if (!work || !acquireTimeline) return false;
  commit.failureVisible = acquireTimeline.tells(work) ? 'yes' : 'no';
  return true;
}

/** It and everything above it has content, and its place is known. */
function isVisible(surface: SurfaceModel): boolean {
  for (let link = surface; link.parent; link = link.parent) {
    if (!link.parent.everApplied || !link.parent.current) return false;
  }
  return root(surface).index === 0;
}

/** What its children hang on after a surface in between is gone is no window. */
function root(surface: SurfaceModel): SurfaceModel {
  let top = surface;
  while (top.parent) top = top.parent;
  return top;
}

/** A fence is reported with the newest commit of an update, which need not be the one that brought the buffer. */
function broughtContent(surface: SurfaceModel, commit: CommitTruth): CommitTruth {
  const update = findUpdate(surface, commit);
  const known = update?.commits.filter(({ serial }) => serial <= commit.serial);
  return known?.findLast(({ content }) => content !== undefined) ?? commit;
}

function findUpdate(surface: SurfaceModel, commit: CommitTruth): UpdateModel | undefined {
  const within = (update: UpdateModel): UpdateModel | undefined => {
    if (update.commits.includes(commit)) return update;
    for (const dependent of update.dependents) {
      const found = within(dependent);
      if (found) return found;
    }
    return undefined;
  };
  for (const update of surface.queue) if (update.commits.includes(commit)) return update;
  for (let holder: SurfaceModel | null = surface; holder; holder = holder.parent) {
    const found = holder.cached && within(holder.cached);
    if (found) return found;
  }
  return undefined;
}

function describe(update: UpdateModel): string {
  const { surface, serial, effective } = update;
  const content = effective
    ? `content of commit ${effective.serial} ${effective.phase}`
    : 'no content';
  return `${place(surface)} update ${serial} (${content})`;
}

function name(surface: SurfaceModel, { serial }: CommitTruth): string {
  return `${place(surface)} commit ${serial}`;
}

function place({ index, id }: SurfaceModel): string {
  return `surface ${index} (wl_surface@${id})`;
}
