/** The outputs of a compositor with their repaint cycles and globals. */
import type { Clock } from '../../native/clock.ts';
import type { Display } from '../../protocols/server/display.ts';
import { WlSurface } from '../../protocols/generated/wayland.server.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';
import type { Backend } from '../backend/backend.ts';
import type { Scheduler } from '../commit/scheduler.ts';
import { createOutputGlobal } from '../handlers/output.ts';
import type { CompositorLog } from '../log.ts';
import type { PixelTarget } from '../render/composer.ts';
import type { SceneRoot } from '../render/scene.ts';
import type { Surface } from '../surface/surface.ts';
import type { AppliedUpdate } from '../surface/surface-state.ts';
import { FrameGuard } from './frame-guard.ts';
import { Output, type OutputDescription } from './output.ts';
import { Repaint, type RepaintStats } from './repaint.ts';
import { SurfaceScales } from './surface-scales.ts';

export interface OutputListOptions {
  readonly display: Display;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: CompositorLog;
  readonly backend: Backend;
  readonly roots: () => Iterable<SceneRoot>;
  readonly beforeFrame: () => void;
  /** Outputs came, went or changed. */
  readonly changed: () => void;
}

interface Entry {
  readonly output: Output;
  readonly repaint: Repaint;
  readonly global: { remove(): void };
}

/** Told of each output's frames, for captures and whoever waits for one. */
export interface FrameListener {
  /** What the next frame shows is decided; `shown` 'none': it is what the last one showed, and nothing is presented. */
  latched?(output: Output, shown: 'timed' | 'backend' | 'none'): void;
  presented?(output: Output, timestampNs: bigint): void;
  /** It was removed: what was latched is not presented any more. */
  removed?(output: Output): void;
}

/** Limit of outputs at a time. */
export const MAX_OUTPUTS = 32;

export class OutputList {
  readonly scales: SurfaceScales = new SurfaceScales();
  readonly #options: OutputListOptions;
  readonly #entries: Entry[] = [];
  /** Those ever shown, until they are destroyed. */
  readonly #shown = new Set<Surface>();
  readonly #frameListeners = new Set<FrameListener>();
  #nextId = 1;

  constructor(options: OutputListOptions) {
    this.#options = options;
    options.scheduler.onApplied((update) => this.#applied(update));
    options.scheduler.onLatchWanted((surface, timeNs) => this.#latchWanted(surface, timeNs));
  }

  get all(): readonly Output[] {
    return this.#entries.map(({ output }) => output);
  }

  add(description: OutputDescription): Output {
    if (this.#entries.length >= MAX_OUTPUTS)
      throw new RangeError(`more than ${MAX_OUTPUTS} outputs`);
    const { clock, display, changed, log } = this.#options;
    let repaint: Repaint | undefined;
    const output = new Output({
      id: this.#nextId++,
      description,
      clock,
      pace: this.#options.backend.pace,
      listener: (made) => {
        const guard = new FrameGuard({
          output: made,
          clock,
          log,
          latch: (timeNs) => repaint?.latch(timeNs) ?? 'none',
          failed: () => repaint?.frameFailed(),
        });
        return {
          latch: (timeNs) => {
            const shown = guard.latch(timeNs);
            this.#tell((listener) => listener.latched?.(made, shown));
            return shown;
          },
          presented: (timeNs, sequence) => {
            repaint?.presented(timeNs, sequence);
            this.#tell((listener) => listener.presented?.(made, timeNs));
          },
        };
      },
    });
    repaint = this.#makeRepaint(output);
    const global = createOutputGlobal(display, output, (resource) => this.#bound(resource, output));
    this.#entries.push({ output, repaint, global });
    output.onChanged(() => {
      repaint.outputChanged();
      for (const surface of repaint.surfaces) this.scales.update(surface);
      changed();
    });
    changed();
    repaint.damageAll();
    return output;
  }

  remove(output: Output): void {
    const index = this.#entries.findIndex((entry) => entry.output === output);
    const entry = this.#entries[index];
    if (!entry) return;
    this.#entries.splice(index, 1);
    entry.repaint.dispose();
    entry.global.remove();
    output.dispose();
    this.#options.backend.outputRemoved(output);
    this.#tell((listener) => listener.removed?.(output));
    this.#options.changed();
    this.scheduleAll();
  }

  /** Returns the remover. */
  addFrameListener(listener: FrameListener): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  /** Makes the outputs these, keeping those of the same name. */
  restore(descriptions: readonly OutputDescription[]): void {
    for (const output of this.all) {
      const wanted = descriptions.find(({ name }) => name === output.name);
      if (wanted) output.change(wanted);
      else this.remove(output);
    }
    for (const description of descriptions) {
      if (!this.all.some(({ name }) => name === description.name)) this.add(description);
    }
  }

  damageAll(output: Output): void {
    this.#entries.find((entry) => entry.output === output)?.repaint.damageAll();
  }

  /** See {@link Repaint.snapshot}. */
  snapshot(output: Output): PixelTarget | null {
    return this.#entries.find((entry) => entry.output === output)?.repaint.snapshot() ?? null;
  }

  scheduleAll(): void {
    for (const { output } of this.#entries) output.clock.schedule();
  }

  /** The nearest point on an output. */
  clamp(x: number, y: number): { readonly x: number; readonly y: number } {
    let best = { x, y };
    let bestDistance = Infinity;
    for (const { output } of this.#entries) {
      const inside = {
        x: Math.min(Math.max(x, output.x), output.x + output.width - 1),
        y: Math.min(Math.max(y, output.y), output.y + output.height - 1),
      };
      const distance = Math.hypot(inside.x - x, inside.y - y);
      if (output.contains(x, y)) return { x, y };
      if (distance < bestDistance) {
        best = inside;
        bestDistance = distance;
      }
    }
    return best;
  }

  stats(): (RepaintStats & { readonly name: string })[] {
    return this.#entries.map(({ output, repaint }) => ({ name: output.name, ...repaint.stats }));
  }

  dispose(): void {
    for (const { output, repaint, global } of this.#entries.splice(0)) {
      repaint.dispose();
      global.remove();
      output.dispose();
    }
  }

  /** One that fails keeps it from no other. */
  #tell(tell: (listener: FrameListener) => void): void {
    for (const listener of this.#frameListeners) {
      try {
        tell(listener);
      } catch (error) {
        this.#options.log.error('a frame listener failed', error);
      }
    }
  }

  #makeRepaint(output: Output): Repaint {
    const { backend, scheduler, log, clock, roots, beforeFrame } = this.#options;
    return new Repaint({
      output,
      backend,
      scheduler,
      log,
      nowNs: () => clock.nowNs(),
      roots,
      beforeFrame,
      visibility: (surface, on, visible) => this.#visibility(surface, on, visible),
    });
  }

  #applied(update: AppliedUpdate): void {
    for (const { output, repaint } of this.#entries) {
      repaint.applied(update);
      output.clock.schedule();
    }
  }

  #latchWanted(surface: Surface, timeNs: bigint): void {
    for (const { output } of this.#entries) {
      if (surface.visibleOn.has(output)) output.clock.scheduleAt(timeNs);
    }
  }

  #visibility(surface: Surface, output: Output, visible: boolean): void {
    if (visible) surface.visibleOn.add(output);
    else surface.visibleOn.delete(output);
    this.#watch(surface);
    const { resource } = surface;
    if (!resource) return;
    for (const outputResource of output.resourcesOf(surface.client)) {
      if (visible) WlSurface.sendEnter(resource, outputResource);
      else WlSurface.sendLeave(resource, outputResource);
    }
    this.scales.update(surface);
  }

  #watch(surface: Surface): void {
    if (this.#shown.has(surface) || surface.destroyed) return;
    this.#shown.add(surface);
    surface.onDestroyed(() => {
      this.#shown.delete(surface);
      this.scales.forget(surface);
      this.scheduleAll();
    });
  }

  #bound(resource: WlOutputResource, output: Output): void {
    const entry = this.#entries.find((candidate) => candidate.output === output);
    for (const surface of entry?.repaint.surfaces ?? []) {
      if (surface.client === resource.client && surface.resource) {
        WlSurface.sendEnter(surface.resource, resource);
      }
    }
  }
}
