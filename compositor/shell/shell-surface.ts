/** xdg_surface's side of the shell: configure and ack, window geometry, mapping (xdg-shell.xml: xdg_surface). */
import { XdgSurface } from '../../protocols/generated/xdg-shell.server.ts';
import type { XdgSurfaceResource } from '../../protocols/generated/xdg-shell.server.ts';
import { XdgSurfaceError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { PendingState } from '../surface/pending-state.ts';
import type { SurfaceRole } from '../surface/surface-role.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';
import type { Surface } from '../surface/surface.ts';
import type { Rectangle } from './positioner.ts';
import { treeBounds } from './tree-bounds.ts';

/** A toplevel or popup: what its xdg_surface tells it. */
export interface ShellRole {
  readonly roleName: 'xdg_toplevel' | 'xdg_popup';
  /** At wl_surface.commit; may throw ProtocolError. What it returns comes back with {@link ShellRole.applied}. */
  freeze(): object;
  /** The commit without a buffer that asks for the first configure. */
  initialCommit(): void;
  /** `frozen` of the same commit; `acked` is what the last acknowledged configure carried. Before {@link ShellRole.map}. */
  applied(frozen: object, acked: object | null): void;
  map(): void;
  unmap(): void;
}

/** A configure event the client has not acknowledged. */
interface SentConfigure {
  readonly serial: number;
  readonly state: object;
}

interface FrozenState {
  readonly initial: boolean;
  readonly geometry: Rectangle | null;
  readonly acked: SentConfigure | null;
  readonly role: object;
}

/** A client that never acknowledges is not sent configures for ever. */
const MAX_UNACKED_CONFIGURES = 1024;

export class ShellSurface {
  readonly surface: Surface;
  readonly resource: XdgSurfaceResource;
  readonly #nextSerial: () => number;
  readonly #removeCheck: () => void;
  #role: ShellRole | null = null;
  #surfaceRole: SurfaceRole | null = null;
  #sent: SentConfigure[] = [];
  #acked: SentConfigure | null = null;
  /** Of the commit that was applied last. */
  #settled: SentConfigure | null = null;
  #initialCommitted = false;
  #pendingGeometry: Rectangle | null = null;
  #frozen: FrozenState | null = null;
  #setGeometry: Rectangle | null = null;
  #geometry: Rectangle = { x: 0, y: 0, width: 0, height: 0 };
  #mapped = false;

  constructor(surface: Surface, resource: XdgSurfaceResource, nextSerial: () => number) {
    this.surface = surface;
    this.resource = resource;
    this.#nextSerial = nextSerial;
    this.#removeCheck = surface.addCommitCheck(() => {
      if (!this.#role) throw this.#notConstructed('committed');
    });
  }

  get role(): ShellRole | null {
    return this.#role;
  }

  get mapped(): boolean {
    return this.#mapped;
  }

  /** Whether the first configure may be or has been sent. */
  get initialCommitted(): boolean {
    return this.#initialCommitted;
  }

  /**
   * The window without its shadows, surface-local, as of the surface's last commit: what was set within what was there, or all that was
   * there (xdg-shell.xml: set_window_geometry). Subsurfaces that come and go by themselves do not change it.
   */
  get geometry(): Rectangle {
    return this.#geometry;
  }

  /** Whether the client has said what its window geometry is; else it follows the surface and its subsurfaces. */
  get geometryIsSet(): boolean {
    return this.#setGeometry !== null;
  }

  /** The role object was made. The caller has checked that the surface can take it. */
  construct(role: ShellRole): void {
    this.#role = role;
    this.#surfaceRole = {
      name: role.roleName,
      outlivesSurface: false,
      beforeCommit: (pending) => this.#beforeCommit(pending),
      applied: (update) => this.#applied(update),
      surfaceDestroyed: () => this.#unmap(),
    };
    this.surface.setRole(this.#surfaceRole);
  }

  /** The role object is gone; the xdg_surface may get another one of the same role. */
  destruct(): void {
    this.#unmap();
    this.#reset();
    this.#setGeometry = null;
    this.#pendingGeometry = null;
    this.#role = null;
    if (this.#surfaceRole) this.surface.clearRole(this.#surfaceRole);
    this.#surfaceRole = null;
  }

  /** xdg_surface.destroy, or the client went. */
  dispose(): void {
    if (this.#role) this.destruct();
    this.#removeCheck();
  }

  /** Sends xdg_surface.configure after the role's own event; `state` comes back when it is acknowledged. Returns the serial. */
  sendConfigure(state: object): number {
    const serial = this.#nextSerial();
    this.#sent.push({ serial, state });
    if (this.#sent.length > MAX_UNACKED_CONFIGURES) this.#sent.shift();
    XdgSurface.sendConfigure(this.resource, serial);
    return serial;
  }

  /** What the configure event with this serial carried, while it was not applied; null: there is none. */
  pendingConfigure(serial: number): object | null {
    const sent = this.#sent.find((configure) => configure.serial === serial);
    if (sent) return sent.state;
    const acked = this.#acked;
    return acked?.serial === serial && acked !== this.#settled ? acked.state : null;
  }

  /** xdg_surface.set_window_geometry. */
  setGeometry(x: number, y: number, width: number, height: number): void {
    if (!this.#role) throw this.#notConstructed('given a window geometry');
    if (width <= 0 || height <= 0) {
      throw new ProtocolError(
        this.resource,
        XdgSurfaceError.invalidSize,
        `window geometry of ${width}x${height}`,
      );
    }
    this.#pendingGeometry = { x, y, width, height };
  }

  /** xdg_surface.ack_configure: all configures up to this one count as seen. */
  ack(serial: number): void {
    if (!this.#role) throw this.#notConstructed('configured');
    const index = this.#sent.findIndex((configure) => configure.serial === serial);
    if (index < 0) {
      throw new ProtocolError(
        this.resource,
        XdgSurfaceError.invalidSerial,
        `serial ${serial} is not of a configure event that waits for its acknowledgement`,
      );
    }
    this.#acked = this.#sent[index] ?? null;
    this.#sent.splice(0, index + 1);
  }

  #beforeCommit(pending: PendingState): void {
    const role = this.#role;
    if (!role) return;
    if (pending.buffer && !this.#acked) {
      throw new ProtocolError(
        this.resource,
        XdgSurfaceError.unconfiguredBuffer,
        'a buffer was committed before the first configure event was acknowledged',
      );
    }
    const unmaps = pending.buffer === null && (this.#acked !== null || this.#mapped);
    const initial = !unmaps && !this.#initialCommitted;
    if (initial) this.#initialCommitted = true;
    this.#frozen = this.#freeze(initial, role.freeze());
    pending.roleState = this.#frozen;
    if (unmaps) this.#reset();
  }

  /** The state of the commit before when it is the same, as from frame to frame. */
  #freeze(initial: boolean, role: object): FrozenState {
    const geometry = this.#pendingGeometry;
    const acked = this.#acked;
    const last = this.#frozen;
    const same =
      last?.geometry === geometry && last.acked === acked && last.role === role && !initial;
    return same && !last.initial ? last : { initial, geometry, acked, role };
  }

  #applied(update: AppliedUpdate): void {
    const role = this.#role;
    const frozen = update.state.roleState as FrozenState | null;
    if (!role || !frozen) return;
    const mapped = update.state.content !== null;
    if (mapped === this.#mapped && isNextFrame(update)) return;
    this.#setGeometry = frozen.geometry;
    this.#geometry = effectiveGeometry(frozen.geometry, treeBounds(this.surface));
    if (!mapped && this.#mapped) {
      this.#unmap();
      return;
    }
    this.#settled = frozen.acked;
    role.applied(frozen.role, frozen.acked?.state ?? null);
    if (mapped && !this.#mapped) {
      this.#mapped = true;
      role.map();
    } else if (!mapped && frozen.initial && update.state.roleState !== update.previous.roleState) {
      role.initialCommit();
    }
  }

  #unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    this.#role?.unmap();
  }

  /** As right after the role object was made: the next commit is an initial one. */
  #reset(): void {
    this.#sent = [];
    this.#acked = null;
    this.#settled = null;
    this.#initialCommitted = false;
    this.#pendingGeometry = null;
  }

  #notConstructed(what: string): ProtocolError {
    return new ProtocolError(
      this.resource,
      XdgSurfaceError.notConstructed,
      `xdg_surface@${this.resource.id} was ${what} before it had a role`,
    );
  }
}

/** New content at most: nothing a window or its popups could depend on. Of a surface with subsurfaces one cannot tell. */
function isNextFrame({ state, previous }: AppliedUpdate): boolean {
  return (
    state.roleState === previous.roleState &&
    state.width === previous.width &&
    state.height === previous.height &&
    state.children === previous.children &&
    state.children.length === 1
  );
}

function effectiveGeometry(set: Rectangle | null, bounds: Rectangle): Rectangle {
  if (!set) return bounds;
  const x = Math.max(set.x, bounds.x);
  const y = Math.max(set.y, bounds.y);
  const right = Math.min(set.x + set.width, bounds.x + bounds.width);
  const bottom = Math.min(set.y + set.height, bounds.y + bounds.height);
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : set;
}
