/** Everything people see and touch: outputs, windows, input. The compositor makes one, next to its commit queue. */
import type { Clock } from '../native/clock.ts';
import type { Poller } from '../native/poller.ts';
import type { DmabufFences } from '../devices/sync-kernel.ts';
import type { Display } from '../protocols/server/display.ts';
import type { SyncManager } from '../sync/manager.ts';
import type { Backend, BackendHost, BackendStats } from './backend/backend.ts';
import type { Scheduler } from './commit/scheduler.ts';
import { CapturePacer, type CaptureStats } from './capture/capture-pacer.ts';
import { ClientHold } from './client-hold.ts';
import { createDesktopGlobals } from './handlers/desktop-globals.ts';
import type { CompositorLog } from './log.ts';
import type { Output, OutputDescription } from './output/output.ts';
import { type FrameListener, OutputList } from './output/output-list.ts';
import type { SurfaceScales } from './output/surface-scales.ts';
import { encodePng } from './render/screenshot.ts';
import type { SceneRoot } from './render/scene.ts';
import { Cursor } from './seat/cursor.ts';
import { compileKeymap, keymapsUnavailable, type KeymapNames } from './seat/keymap.ts';
import { Seat } from './seat/seat.ts';
import { IdleInhibitors } from './shell/idle-inhibitors.ts';
import { Shell } from './shell/shell.ts';
import { standardWindowManager } from './shell/standard-window-manager.ts';
import type { WindowManagerFactory } from './shell/window-manager.ts';
import type { RepaintStats } from './output/repaint.ts';
import type { AppliedUpdate } from './surface/surface-state.ts';

export interface DesktopOptions {
  readonly display: Display;
  readonly clock: Clock;
  readonly poller: Poller;
  readonly scheduler: Scheduler;
  readonly sync: SyncManager;
  readonly dmabufs: DmabufFences;
  readonly log: CompositorLog;
  /** Owned from here on. */
  readonly backend: Backend;
  readonly windowManager?: WindowManagerFactory;
  /** Null: no keyboard. */
  readonly keymap?: KeymapNames | null;
  /** dev_t of where dma-bufs for captures are best allocated; undefined: none is wanted. */
  readonly dmabufDevice: () => bigint | undefined;
}

/** A plain snapshot. */
export interface DesktopStats {
  readonly outputs: readonly (RepaintStats & { readonly name: string })[];
  readonly windows: number;
  readonly captures: CaptureStats;
  readonly backend: BackendStats & { readonly name: string };
}

export class Desktop implements BackendHost {
  readonly seat: Seat;
  readonly cursor: Cursor;
  readonly shell: Shell;
  readonly backend: Backend;
  readonly idleInhibitors: IdleInhibitors = new IdleInhibitors();
  readonly sync: SyncManager;
  readonly dmabufs: DmabufFences;
  readonly #outputs: OutputList;
  readonly #captures: CapturePacer;
  readonly #hold: ClientHold;
  readonly #lost = new Set<(reason: string) => void>();
  readonly #overlays = new Set<() => SceneRoot | null>();
  #sceneDirty = false;
  #inputChanged = false;
  #disposed = false;

  constructor(options: DesktopOptions) {
    const { display, clock, scheduler, log } = options;
    this.backend = options.backend;
    this.sync = options.sync;
    this.dmabufs = options.dmabufs;
    const noKeymaps = options.keymap === null ? null : keymapsUnavailable();
    if (noKeymaps) log.warn(`no keyboard: ${noKeymaps}`);
    this.seat = new Seat({
      display,
      clock,
      keymap: noKeymaps || options.keymap === null ? null : compileKeymap(options.keymap),
    });
    this.cursor = new Cursor(this.seat.pointer);
    this.#outputs = new OutputList({
      display,
      clock,
      scheduler,
      log,
      backend: this.backend,
      roots: () => this.sceneRoots({ cursor: true }),
      beforeFrame: () => this.#refocus(),
      changed: () => this.shell.windowManager.outputsChanged(),
    });
    this.shell = new Shell({
      seat: this.seat,
      outputs: () => this.outputs,
      sceneChanged: () => this.sceneChanged(),
      windowManager: (shell) => {
        const standard = standardWindowManager(shell);
        return options.windowManager?.(shell, standard) ?? standard;
      },
    });
    this.seat.attachScene(
      {
        inputRoots: () => this.shell.rootsFromTop(),
        mayFocus: (surface) => this.shell.popupGrab.mayFocus(surface),
        clampToOutputs: (x, y) => this.#outputs.clamp(x, y),
      },
      (surface) => this.shell.pressed(surface),
    );
    this.cursor.onChanged(() => this.#outputs.scheduleAll());
    scheduler.onApplied((update) => {
      this.#sceneDirty = true;
      if (!changesInput(update)) return;
      this.#inputChanged = true;
      display.endTurnSoon();
    });
    // Once a turn, however many surfaces changed in it: it costs a look at all of them.
    display.onTurnEnd(() => {
      if (this.#inputChanged) this.#refocus();
    });
    this.#captures = new CapturePacer({ clock, scheduler, outputs: this.#outputs });
    createDesktopGlobals(display, {
      desktop: this,
      pacer: this.#captures,
      log,
      dmabufDevice: options.dmabufDevice,
    });
    this.#hold = new ClientHold(display, 'backend');
    this.backend.start(this);
  }

  /** What scale each surface should have. */
  get scales(): SurfaceScales {
    return this.#outputs.scales;
  }

  get outputs(): readonly Output[] {
    return this.#outputs.all;
  }

  addOutput(description: OutputDescription): Output {
    return this.#outputs.add(description);
  }

  removeOutput(output: Output): void {
    this.#outputs.remove(output);
  }

  damageAll(output: Output): void {
    this.#outputs.damageAll(output);
  }

  /** The backend can go on no longer. */
  onLost(listener: (reason: string) => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  keyboardPresent(present: boolean): void {
    this.shell.setKeyboardPresent(present);
  }

  holdClients(held: boolean): void {
    this.#hold.set(held);
  }

  lost(reason: string): void {
    for (const listener of this.#lost) listener(reason);
  }

  /** Draws above the windows and below the cursor (a drag icon). Returns the remover. */
  addOverlay(root: () => SceneRoot | null): () => void {
    this.#overlays.add(root);
    return () => this.#overlays.delete(root);
  }

  /** Told of every output's frames. Returns the remover. */
  addFrameListener(listener: FrameListener): () => void {
    return this.#outputs.addFrameListener(listener);
  }

  /** All that is shown, bottom to top: windows, overlays, and the cursor if wanted. */
  sceneRoots(options: { readonly cursor: boolean }): SceneRoot[] {
    const roots = this.shell.roots();
    for (const overlay of this.#overlays) {
      const root = overlay();
      if (root) roots.push(root);
    }
    const cursor = options.cursor ? this.cursor.root() : null;
    if (cursor) roots.push(cursor);
    return roots;
  }

  /** Something on screen moved, came or went. */
  sceneChanged(): void {
    this.#sceneDirty = true;
    this.#outputs.scheduleAll();
    this.#refocus();
  }

  /** Takes the consequences of a changed scene now instead of at the next frame. */
  settle(): void {
    this.#refocus();
  }

  /** As at start: these outputs, nothing pressed, the pointer in the corner. Clients are the caller's business. */
  reset(outputs: readonly OutputDescription[]): void {
    this.seat.reset();
    this.shell.reset();
    if (this.backend.canAddOutputs) this.#outputs.restore(outputs);
  }

  /** PNG of an output as last shown; null before its first frame. */
  screenshot(output: Output | undefined = this.outputs[0]): Buffer | null {
    const pixels = output && (this.backend.pixels(output) ?? this.#outputs.snapshot(output));
    return pixels ? encodePng(pixels) : null;
  }

  stats(): DesktopStats {
    const { name } = this.backend;
    return {
      outputs: this.#outputs.stats(),
      windows: this.shell.windows.length,
      captures: this.#captures.stats(),
      backend: { name, ...this.backend.stats?.() },
    };
  }

  /** Before the display is closed or after. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#captures.dispose();
    this.#outputs.dispose();
    this.backend.dispose();
    this.seat.dispose();
  }

  #refocus(): void {
    if (!this.#sceneDirty || this.#disposed) return;
    this.#sceneDirty = false;
    this.#inputChanged = false;
    this.seat.refocus();
  }
}

/** Another surface may be below the pointer, or the same one elsewhere: told at once, not with the next frame. */
function changesInput({ state, previous }: AppliedUpdate): boolean {
  return (
    state.width !== previous.width ||
    state.height !== previous.height ||
    state.inputRegion !== previous.inputRegion ||
    state.children !== previous.children ||
    (state.content === null) !== (previous.content === null)
  );
}
