/** A wl_surface: what its client has set, what is applied, and what waits in between. */
import type { Client } from '../../protocols/server/client.ts';
import type {
  WlCallbackResource,
  WlSurfaceResource,
} from '../../protocols/generated/wayland.server.ts';
import type { ContentUpdate } from '../commit/content-update.ts';
import { UpdateQueue } from '../commit/update-queue.ts';
import type { WaitingReason } from '../commit/waiting.ts';
import { applyChanges, updateDamage } from './apply-changes.ts';
import { CommittedGeometry } from './committed-geometry.ts';
import { Region } from './region.ts';
import type { PresentationFeedback } from './presentation-feedback.ts';
import { PendingState } from './pending-state.ts';
import { discardPending } from './discard-pending.ts';
import { appended } from './merge-pending.ts';
import { SurfaceFrame } from './surface-frame.ts';
import type { SurfaceOutput } from './surface-output.ts';
import type { SurfaceRole } from './surface-role.ts';
import type { AppliedUpdate, SurfaceChild, SurfaceState } from './surface-state.ts';
import type { Subsurface } from './subsurface.ts';

/** What a surface needs of the scheduler. */
export interface SurfaceScheduler {
  /** Takes the frozen state; see Scheduler. */
  submit(surface: Surface, changes: PendingState): void;
  /** The surface is no longer synchronised: what it had cached goes its own way. */
  desynchronized(surface: Surface): void;
  /** Ends every update of a surface that goes. */
  surfaceDestroyed(surface: Surface): void;
  waitingReasons(surface: Surface): WaitingReason[];
  presented(surface: Surface, update: number, output: string, sequence: bigint): void;
  /** The surface's current state was replaced; its role and listeners know. */
  applied(update: AppliedUpdate): void;
}

/** Judges the pending state at wl_surface.commit; throws ProtocolError. */
export type CommitCheck = (pending: PendingState) => void;

/** State of the fifo barrier: not there, set by an applied update, or that update was latched since. */
export type BarrierState = 'clear' | 'set' | 'latched';

export class Surface {
  /** Object id of the wl_surface. */
  readonly id: number;
  readonly client: Client;
  /** Updates not applied yet; for the scheduler. */
  readonly queue: UpdateQueue = new UpdateQueue();
  /** Every update not applied and not discarded, queued or cached; for the scheduler. */
  readonly liveUpdates: Set<ContentUpdate> = new Set();
  /** As a synchronised subsurface: what was committed and waits for the parent's commit; for the scheduler. */
  cached: ContentUpdate | null = null;
  /** For the scheduler. */
  barrier: BarrierState = 'clear';
  /** Outputs that draw at least a part of it; the scene (output/) keeps it. Empty: hidden. */
  readonly visibleOn: Set<SurfaceOutput> = new Set();
  /** Stacking order as requested so far, committed or not; SurfaceState.children is what is applied. */
  stacking: readonly SurfaceChild[];
  /** Size and viewport as of the last commit, applied or not: what commit checks judge. */
  readonly geometry: CommittedGeometry = new CommittedGeometry();
  /** Live extension objects by interface name; see extendSurface. */
  readonly extensions: Set<string> = new Set();
  readonly #scheduler: SurfaceScheduler;
  readonly #appliedListeners = new Set<(update: AppliedUpdate) => void>();
  readonly #destroyListeners = new Set<() => void>();
  readonly #checks = new Set<CommitCheck>();
  #pending: PendingState | undefined;
  #resource: WlSurfaceResource | null;
  #role: SurfaceRole | null = null;
  #roleName: string | null = null;
  #current: SurfaceState;
  #appliedUpdate = 0;
  /** Of applied updates that no frame has shown yet. Ours to append to. */
  #frameCallbacks: WlCallbackResource[] | null = null;
  #feedbacks: readonly PresentationFeedback[] | null = null;
  #framesPresented = 0;

  constructor(resource: WlSurfaceResource, scheduler: SurfaceScheduler) {
    this.id = resource.id;
    this.client = resource.client;
    this.#resource = resource;
    this.#scheduler = scheduler;
    this.#current = initialSurfaceState(this);
    this.stacking = this.#current.children;
    resource.data = this;
    resource.addDestroyListener(() => this.#destroy());
  }

  /** The surface of a wl_surface resource of any client. */
  static of(resource: WlSurfaceResource): Surface {
    if (resource.data instanceof Surface) return resource.data;
    throw new Error(`wl_surface@${resource.id} has no surface`);
  }

  /** Null once destroyed. */
  get resource(): WlSurfaceResource | null {
    return this.#resource;
  }

  get destroyed(): boolean {
    return this.#resource === null;
  }

  /** The role object, null before the first and after its destruction. */
  get role(): SurfaceRole | null {
    return this.#role;
  }

  /** The role's name stays when the role object goes: a surface never changes its role. */
  get roleName(): string | null {
    return this.#roleName;
  }

  /** The applied state. Replaced, never changed. */
  get current(): SurfaceState {
    return this.#current;
  }

  /** Stacking order, bottom to top, with its own place. */
  get children(): readonly SurfaceChild[] {
    return this.#current.children;
  }

  /** Whether it has content. Its role decides whether it is shown. */
  get mapped(): boolean {
    return this.#current.content !== null;
  }

  /** Times a frame with a new update of it became visible. */
  get framesPresented(): number {
    return this.#framesPresented;
  }

  /** Number of the newest applied content update, 0 before the first. */
  get appliedUpdate(): number {
    return this.#appliedUpdate;
  }

  /** Why its next update is not applied. */
  get waiting(): WaitingReason[] {
    return this.#scheduler.waitingReasons(this);
  }

  /** Whether `name` is a role this surface may take: the one it had, or its first; and no role object is alive. */
  canTakeRole(name: string): boolean {
    return this.#role === null && (this.#roleName === null || this.#roleName === name);
  }

  /** Throws when another role is or was set: the caller checks first and raises its protocol's error. */
  setRole(role: SurfaceRole): void {
    if (!this.canTakeRole(role.name)) {
      throw new Error(`wl_surface@${this.id} has role ${this.#roleName}, cannot be ${role.name}`);
    }
    this.#role = role;
    this.#roleName = role.name;
  }

  /** The role object is gone; its name stays. */
  clearRole(role: SurfaceRole): void {
    if (this.#role === role) this.#role = null;
  }

  /** The wl_subsurface object of this surface, if that is its role. */
  subsurface: Subsurface | null = null;

  /** A subsurface in effect synchronised: by its own mode, or an ancestor's (wayland.xml: wl_subsurface). */
  get synchronized(): boolean {
    for (let link = this.subsurface; link; link = link.parent?.subsurface ?? null) {
      if (link.mode === 'sync' && link.parent) return true;
    }
    return false;
  }

  /** Runs at each commit, in order of addition, after the role's beforeCommit. */
  addCommitCheck(check: CommitCheck): () => void {
    this.#checks.add(check);
    return () => this.#checks.delete(check);
  }

  /** Set by requests, taken by commit; made when the first of them needs it, which is after the commit before was applied. */
  get pending(): PendingState {
    return (this.#pending ??= new PendingState());
  }

  /** wl_surface.commit. Throws ProtocolError; then nothing of the state was taken. */
  commit(): void {
    const { pending } = this;
    this.#role?.beforeCommit?.(pending);
    for (const check of this.#checks) check(pending);
    const resource = this.#resource;
    if (resource) this.geometry.commit(pending, resource, this.#roleName);
    this.#pending = undefined;
    this.#scheduler.submit(this, pending);
  }

  /** After each applied update. Returns the remover. */
  onApplied(listener: (update: AppliedUpdate) => void): () => void {
    this.#appliedListeners.add(listener);
    return () => this.#appliedListeners.delete(listener);
  }

  /** Once, when the wl_surface goes; `current` is still the last state then. Returns the remover. */
  onDestroyed(listener: () => void): () => void {
    this.#destroyListeners.add(listener);
    return () => this.#destroyListeners.delete(listener);
  }

  /** For the scheduler: makes `update` the current state. Listeners are told by {@link Surface.notifyApplied}. */
  apply(update: ContentUpdate): AppliedUpdate {
    const previous = this.#current;
    const { changes } = update;
    const state = applyChanges(previous, changes, update.content);
    if (changes.inputRegion !== undefined) previous.inputRegion?.drop();
    this.#current = state;
    this.#appliedUpdate = update.number;
    this.#frameCallbacks = appended(this.#frameCallbacks, changes.frameCallbacks);
    for (const feedback of this.#feedbacks ?? []) feedback.discarded();
    this.#feedbacks = changes.feedbacks;
    return {
      surface: this,
      state,
      previous,
      damage: updateDamage(previous, state, changes, !update.contentDropped),
      offsetX: changes.offsetX,
      offsetY: changes.offsetY,
      newContent: update.content !== undefined,
      update: update.number,
    };
  }

  /** For the scheduler: tells everybody, then lets the replaced content go. */
  notifyApplied(applied: AppliedUpdate): void {
    try {
      this.#role?.applied?.(applied);
      for (const listener of this.#appliedListeners) listener(applied);
      this.#scheduler.applied(applied);
    } finally {
      if (applied.newContent) applied.previous.content?.drop();
    }
  }

  /** For subsurfaces, whose going takes effect at once (wayland.xml: wl_subsurface.destroy). */
  removeChild(child: Surface): void {
    const keep = ({ surface }: SurfaceChild): boolean => surface !== child;
    this.stacking = this.stacking.filter(keep);
    if (this.pending.children) this.pending.children = this.pending.children.filter(keep);
    for (const { changes } of this.liveUpdates) {
      if (changes.children) changes.children = changes.children.filter(keep);
    }
    const previous = this.#current;
    this.#current = { ...previous, children: previous.children.filter(keep) };
    this.notifyApplied({
      surface: this,
      state: this.#current,
      previous,
      damage: Region.empty,
      offsetX: 0,
      offsetY: 0,
      newContent: false,
      update: this.#appliedUpdate,
    });
  }

  /**
   * For an output that painted the current state: hands over the frame callbacks and presentation feedbacks of the updates in it.
   * The output calls `presented` or `discarded` on the frame when it knows.
   */
  takeFrame(): SurfaceFrame {
    const update = this.#appliedUpdate;
    const frame = new SurfaceFrame(update, this.#frameCallbacks, this.#feedbacks, (info) => {
      this.#framesPresented++;
      this.#scheduler.presented(this, update, info.output.name, info.sequence);
    });
    this.#frameCallbacks = null;
    this.#feedbacks = null;
    return frame;
  }

  /** Whether a painted frame has anybody to tell: an output with damage-free surfaces that want callbacks must still run. */
  get wantsFrame(): boolean {
    return this.#frameCallbacks !== null || this.#feedbacks !== null;
  }

  #destroy(): void {
    this.#resource = null;
    this.#role?.surfaceDestroyed?.();
    for (const listener of this.#destroyListeners) listener();
    for (const { surface } of this.stacking) {
      if (surface !== this) surface.subsurface?.parentDestroyed();
    }
    if (this.#pending) discardPending(this.#pending);
    this.#scheduler.surfaceDestroyed(this);
    // After what this surface's own updates had taken of them: in commit order.
    for (const { surface } of this.stacking) {
      if (surface !== this) this.#scheduler.desynchronized(surface);
    }
    for (const callback of this.#frameCallbacks ?? []) callback.destroy();
    this.#frameCallbacks = null;
    for (const feedback of this.#feedbacks ?? []) feedback.discarded();
    this.#feedbacks = null;
    this.#current.content?.drop();
    this.#current.inputRegion?.drop();
    this.#current = { ...initialSurfaceState(this) };
    this.visibleOn.clear();
    this.#appliedListeners.clear();
    this.#destroyListeners.clear();
    this.#checks.clear();
  }
}

/** Nothing to show, the surface alone in its stacking order. */
function initialSurfaceState(surface: Surface): SurfaceState {
  return {
    content: null,
    width: 0,
    height: 0,
    bufferScale: 1,
    bufferTransform: 0,
    viewport: { source: null, destination: null },
    opaqueRegion: Region.empty,
    inputRegion: null,
    children: [{ surface, x: 0, y: 0 }],
    opacity: 1,
    contentType: 'none',
    tearing: false,
    roleState: null,
  };
}
