/**
 * Decides when committed content updates apply.
 *
 * Updates that belong together form a group, which counts its unmet constraints: acquire fences, the fifo barrier, a target time,
 * and being at the head of each surface's queue. Each event is one decrement; at zero the group is on the ready queue, which is
 * drained in commit order, without recursion. Fences are judged by event, fifo and time at an output's latch.
 */
import type { Clock } from '../../native/clock.ts';
import { ClientState } from '../client-state.ts';
import type { CompositorLog } from '../log.ts';
import { discardPending } from '../surface/discard-pending.ts';
import type { PendingState } from '../surface/pending-state.ts';
import type { SurfaceOutput } from '../surface/surface-output.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';
import type { Surface, SurfaceScheduler } from '../surface/surface.ts';
import type { CommitTracer } from '../trace.ts';
import { AppliedListeners } from './applied-listeners.ts';
import type { AppliedListener } from './applied-listeners.ts';
import { BufferPart } from './buffer-part.ts';
import type { FenceCounters } from './buffer-part.ts';
import { ContentUpdate } from './content-update.ts';
import type { FailurePolicy } from './failure-policy.ts';
import { FifoBarriers } from './fifo-barriers.ts';
import { adoptCached, flattenUpdate, mergeUpdates } from './merge.ts';
import { ReadyQueue } from './ready-queue.ts';
import { TargetTimes } from './target-times.ts';
import { UpdateGroup } from './update-group.ts';
import { UpdateTrace } from './update-trace.ts';
import { waitingReasons } from './waiting.ts';
import type { WaitingReason } from './waiting.ts';

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly log: CompositorLog;
  readonly tracer: CommitTracer;
  readonly policy: FailurePolicy;
  /** Told by when fences are needed, as long as something waits (SYNC_IOC_SET_DEADLINE); the SyncManager is one. */
  readonly sync: { hintDeadline(deadlineNs: bigint): void };
}

/** A plain snapshot. */
export interface SchedulerStats extends FenceCounters {
  readonly committed: number;
  readonly applied: number;
  readonly discarded: number;
  /** Groups that wait for something. */
  readonly pendingGroups: number;
}

export type LatchWantedListener = (surface: Surface, presentationNs: bigint) => void;

export class Scheduler implements SurfaceScheduler {
  readonly #clock: Clock;
  readonly #sync: SchedulerOptions['sync'];
  readonly #trace: UpdateTrace;
  readonly #buffers: BufferPart;
  readonly #barriers: FifoBarriers;
  readonly #times: TargetTimes;
  readonly #ready = new ReadyQueue();
  readonly #listeners: AppliedListeners;
  readonly #latchListeners = new Set<LatchWantedListener>();
  #updates = 0;
  #groups = 0;
  #applied = 0;
  #discarded = 0;
  #pendingGroups = 0;
  #draining = false;

  constructor(options: SchedulerOptions) {
    this.#clock = options.clock;
    this.#listeners = new AppliedListeners(options.log);
    this.#sync = options.sync;
    this.#trace = new UpdateTrace(options.tracer, options.clock);
    this.#buffers = new BufferPart(options, (update) => {
      this.#met(update);
      this.drain();
    });
    const listener = {
      met: (update: ContentUpdate) => this.#met(update),
      latchWanted: (surface: Surface, presentationNs: bigint) => {
        for (const wanted of this.#latchListeners) wanted(surface, presentationNs);
      },
      drain: () => this.drain(),
    };
    this.#barriers = new FifoBarriers(options.clock, listener);
    this.#times = new TargetTimes(options.clock, listener);
  }

  /**
   * Told of every applied update of any surface, and of every surface whose subsurface went, once its whole group is applied: the
   * time to schedule a repaint. Returns the remover.
   */
  onApplied(listener: AppliedListener): () => void {
    return this.#listeners.add(listener);
  }

  applied(update: AppliedUpdate): void {
    this.#listeners.tellUpdate(update);
  }

  /**
   * Told when a latch of an output that shows `surface`, for a frame seen at `presentationNs` or later (0n: the next one), could
   * let one of its updates apply: outputs without damage have to run for it. May be told again. Returns the remover.
   */
  onLatchWanted(listener: LatchWantedListener): () => void {
    this.#latchListeners.add(listener);
    return () => this.#latchListeners.delete(listener);
  }

  /**
   * For an output at its deadline, before it paints a frame that will be seen at `presentationNs`: judges fifo and time, applies
   * what is ready. Everything applied when this returns is part of the frame: the output finds out which surfaces it shows, and calls
   * {@link closeLatch}.
   */
  latch(output: SurfaceOutput, presentationNs: bigint): void {
    this.#barriers.clearLatched(output);
    this.#times.latch(output, presentationNs);
    this.drain();
    // Too late for this frame.
    if (this.#pendingGroups > 0) this.#sync.hintDeadline(output.nextLatchNs);
  }

  /** After {@link latch}, when `visibleOn` says what is in the frame, also of surfaces that were not in the one before. */
  closeLatch(output: SurfaceOutput): void {
    this.#barriers.markLatched(output);
  }

  /** An output paints the current state of a surface. */
  latched(surface: Surface, output: SurfaceOutput): void {
    this.#trace.latched(surface, output);
  }

  presented(surface: Surface, update: number, output: string, sequence: bigint): void {
    this.#trace.presented(surface, update, output, sequence);
  }

  /** wl_surface.commit: takes over the frozen state. Over budget the client gets no_memory and the state is discarded. */
  submit(surface: Surface, changes: PendingState): void {
    const client = ClientState.of(surface.client);
    if (!client.hasRoomForUpdate) {
      client.warnOnce('updates', `wl_surface@${surface.id}: too many pending content updates`);
      discardPending(changes);
      surface.client.postNoMemory();
      return;
    }
    if (this.#isAlone(surface, changes)) this.#submitAlone(surface, changes, client);
    else this.#submitAmongOthers(surface, changes, client);
  }

  /** The surface is no longer synchronised (set_desync, its parent gone): what it had cached goes its own way. */
  desynchronized(surface: Surface): void {
    const open = [surface];
    for (let next = open.pop(); next; next = open.pop()) {
      if (next.destroyed || next.synchronized) continue;
      const { cached } = next;
      next.cached = null;
      if (cached) this.#enqueue(flattenUpdate(cached));
      for (const child of next.stacking) if (child.surface !== next) open.push(child.surface);
    }
    this.drain();
  }

  surfaceDestroyed(surface: Surface): void {
    surface.queue.takeAll();
    surface.cached = null;
    this.#barriers.forget(surface);
    for (const update of surface.liveUpdates) this.#discard(update);
    this.drain();
  }

  /** Applies all groups that are ready. Safe to call from within: the outer call goes on. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let group = this.#ready.pop(); group; group = this.#ready.pop()) this.#apply(group);
    } finally {
      this.#draining = false;
    }
  }

  waitingReasons(surface: Surface): WaitingReason[] {
    return waitingReasons(surface);
  }

  stats(): SchedulerStats {
    return {
      ...this.#buffers.counters,
      committed: this.#updates,
      applied: this.#applied,
      discarded: this.#discarded,
      pendingGroups: this.#pendingGroups,
    };
  }

  dispose(): void {
    this.#barriers.dispose();
    this.#times.dispose();
    this.#listeners.clear();
    this.#latchListeners.clear();
  }

  /** Whether nothing but its buffer's fence can keep an update: nearly all are so. */
  #isAlone(surface: Surface, changes: PendingState): boolean {
    return (
      !this.#draining &&
      surface.liveUpdates.size === 0 &&
      !changes.waitsForBarrier &&
      changes.targetTimeNs === undefined &&
      changes.children === undefined &&
      surface.stacking.length === 1 &&
      !surface.synchronized
    );
  }

  /** When its fence has signalled: the same as a group of one that is ready when it is made, without group, queue and accounts. */
  #submitAlone(surface: Surface, changes: PendingState, client: ClientState): void {
    const committedNs = this.#trace.active ? this.#clock.nowNs() : 0n;
    const update = new ContentUpdate(++this.#updates, surface, changes, committedNs);
    this.#trace.committed(update);
    this.#buffers.take(update);
    if (!update.acquire) return this.#applyAtOnce(update);
    if (committedNs === 0n) update.committedNs = this.#clock.nowNs();
    this.#accept(update, client);
    this.#enqueue([update]);
    this.drain();
    client.pauseIfNeeded();
  }

  #applyAtOnce(update: ContentUpdate): void {
    this.#draining = true;
    try {
      this.#listeners.tellSurface(this.#applyOne(update));
    } finally {
      this.#draining = false;
    }
    this.drain();
  }

  #submitAmongOthers(surface: Surface, changes: PendingState, client: ClientState): void {
    const update = new ContentUpdate(++this.#updates, surface, changes, this.#clock.nowNs());
    this.#accept(update, client);
    this.#trace.committed(update);
    this.#buffers.take(update);
    adoptCached(update, changes.children ?? surface.stacking);
    if (surface.synchronized) this.#cache(update);
    else this.#enqueue(flattenUpdate(update));
    this.drain();
    client.pauseIfNeeded();
  }

  #accept(update: ContentUpdate, client: ClientState): void {
    update.surface.liveUpdates.add(update);
    client.countUpdates('cached', 1);
  }

  #cache(update: ContentUpdate): void {
    const { surface } = update;
    const older = surface.cached;
    surface.cached = update;
    if (!older) return;
    for (const ended of mergeUpdates(older, update)) {
      this.#discarded++;
      this.#ended(ended);
      this.#trace.ended(ended);
    }
  }

  /** Root first; the root alone can wait for fifo and time, synchronised subsurfaces ignore both (fifo-v1.xml: wait_barrier). */
  #enqueue(updates: ContentUpdate[]): void {
    const root = updates[0];
    if (!root) return;
    const group = new UpdateGroup(++this.#groups, updates);
    this.#pendingGroups++;
    for (const update of updates) {
      const { queue } = update.surface;
      const client = ClientState.of(update.surface.client);
      client.countUpdates('cached', -1);
      client.countUpdates('queued', 1);
      update.group = group;
      update.phase = 'queued';
      queue.push(update);
      update.waitsForHead = queue.head !== update;
      if (update.waitsForHead) group.unmet++;
      if (update.acquire) group.unmet++;
    }
    root.waitsForBarrier = root.changes.waitsForBarrier;
    if (root.waitsForBarrier) group.unmet++;
    root.waitsForTimeNs = root.changes.targetTimeNs ?? null;
    if (root.waitsForTimeNs !== null) {
      group.unmet++;
      this.#times.add(root);
    }
    if (group.unmet === 0) this.#ready.push(group);
    else if (root.waitsForBarrier && !root.waitsForHead) this.#barriers.judge(root);
  }

  /** One constraint of the update is met. An update still cached has no group to tell. */
  #met(update: ContentUpdate): void {
    const { group } = update;
    if (!group) return;
    group.unmet--;
    if (group.unmet === 0) this.#ready.push(group);
  }

  #apply(group: UpdateGroup): void {
    this.#pendingGroups--;
    const [only] = group.updates;
    if (only && group.updates.length === 1) return this.#applyOnly(only);
    const applied: AppliedUpdate[] = [];
    const live = group.updates.filter(({ phase }) => phase === 'queued');
    for (const update of live) {
      const { surface } = update;
      surface.queue.shift();
      applied.push(this.#applyOne(update));
      this.#ended(update);
    }
    for (const update of applied) this.#listeners.tellSurface(update);
    for (const { surface } of live) this.#newHead(surface);
  }

  /** As a group of one is applied. */
  #applyOnly(update: ContentUpdate): void {
    if (update.phase !== 'queued') return;
    const { surface } = update;
    surface.queue.shift();
    const applied = this.#applyOne(update);
    this.#ended(update);
    this.#listeners.tellSurface(applied);
    this.#newHead(surface);
  }

  #applyOne(update: ContentUpdate): AppliedUpdate {
    const { surface } = update;
    const applied = surface.apply(update);
    update.phase = 'applied';
    this.#applied++;
    if (update.changes.setsBarrier) this.#barriers.setOn(surface);
    this.#trace.ended(update);
    return applied;
  }

  #newHead(surface: Surface): void {
    const { head } = surface.queue;
    if (!head?.waitsForHead) return;
    head.waitsForHead = false;
    this.#met(head);
    if (head.waitsForBarrier) this.#barriers.judge(head);
  }

  #discard(update: ContentUpdate): void {
    const { group, unmet } = update;
    update.phase = 'discarded';
    this.#times.forget(update);
    update.acquire?.close();
    update.acquire = null;
    update.content?.drop();
    update.content = undefined;
    discardPending(update.changes);
    this.#discarded++;
    this.#ended(update);
    this.#trace.ended(update);
    if (group && unmet > 0) {
      group.unmet -= unmet;
      if (group.unmet === 0) this.#ready.push(group);
    }
    // Without a parent they are synchronised with nobody.
    for (const dependent of update.dependents ?? []) this.#enqueue(flattenUpdate(dependent));
    update.dependents = null;
  }

  /** It is applied or discarded: counted no more. */
  #ended(update: ContentUpdate): void {
    if (!update.surface.liveUpdates.delete(update)) return;
    const phase = update.group ? 'queued' : 'cached';
    ClientState.of(update.surface.client).countUpdates(phase, -1);
  }
}
