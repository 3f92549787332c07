/** Our outputs as windows of another Wayland compositor, composed by us or by the host; input from the host. */
import type { Clock, Timer } from '../../native/clock.ts';
import { isSystemError } from '../../native/errors.ts';
import type { AllocationHint } from '../buffer/allocation-hint.ts';
import { ClientState } from '../client-state.ts';
import type { CompositorLog } from '../log.ts';
import { MAX_REFRESH_MHZ, type Output, type OutputDescription } from '../output/output.ts';
import type { PixelTarget } from '../render/composer.ts';
import { requirePixman } from '../render/pixman.ts';
import type { Backend, BackendHost, BackendStats, FrameItem, FrameToShow } from './backend.ts';
import { type HostConnection, HostUnavailableError } from './host-connection.ts';
import { HostImports } from './host-import.ts';
import { HostInput } from './host-input.ts';
import type { LayerParts } from './host-layer.ts';
import { HostTimelines } from './host-timelines.ts';
import { HostUses } from './host-uses.ts';
import { HostWindow } from './host-window.ts';
import { bufferScale, type CopyReason } from './layer-plan.ts';
import { NESTED_MODES, type NestedMode } from './nested-mode.ts';

export interface NestedOptions {
  /** Taken over. */
  readonly host: HostConnection;
  readonly clock: Clock;
  readonly log: CompositorLog;
  /** Wanted sizes; the host has the last word. */
  readonly outputs: readonly OutputDescription[];
  /** Default: the first of NESTED_MODES. */
  readonly mode?: NestedMode;
}

/** Until then others may have closed something. */
const RETRY_NS = 20_000_000n;

interface Pair {
  readonly output: Output;
  readonly window: HostWindow;
}

export class NestedBackend implements Backend {
  readonly name = 'nested';
  readonly pace = 'asap';
  readonly canAddOutputs = false;
  readonly passesBuffers: boolean;
  readonly tellsPresentation: boolean;
  readonly allocationHint: AllocationHint | undefined;
  readonly #host: HostConnection;
  readonly #clock: Clock;
  readonly #log: CompositorLog;
  readonly #wanted: readonly OutputDescription[];
  readonly #pairs: Pair[] = [];
  /** Surfaces shown in frames so far: passed through, and copied for each reason. */
  readonly #counts = new Map<CopyReason | null, number>();
  /** Frames of ours the host has drawn: after each it asks for the next one. */
  #hostFrames = 0;
  #layers: LayerParts | null = null;
  #input: HostInput | undefined;
  #desktop: BackendHost | undefined;
  #disposed = false;
  /** After a frame that found no descriptor or memory. */
  #retry: Timer | undefined;
  /** Such a frame was the last; told once. */
  #inWant = false;

  /** Throws PixmanMissingError or, when the mode asks too much of the host, HostUnavailableError; then the host is closed. */
  constructor(options: NestedOptions) {
    const { host, clock, log, outputs, mode = NESTED_MODES[0] } = options;
    this.#host = host;
    this.#clock = clock;
    this.#log = log;
    this.#wanted = outputs;
    this.tellsPresentation = host.presentation !== null;
    const obstacle = host.passThroughObstacle;
    this.passesBuffers = mode !== 'composited' && obstacle === undefined;
    this.allocationHint = (this.passesBuffers && host.allocation) || undefined;
    try {
      requirePixman();
      if (mode === 'pass-through' && obstacle !== undefined)
        throw new HostUnavailableError(`cannot pass surfaces through: ${obstacle}`);
    } catch (error) {
      host.close();
      throw error;
    }
    if (mode !== 'composited' && obstacle !== undefined) log.info(`composited: ${obstacle}`);
  }

  start(desktop: BackendHost): void {
    this.#desktop = desktop;
    desktop.idleInhibitors.onChanged(() => this.#inhibitIdle());
    this.#layers = this.passesBuffers ? this.#makeLayers(desktop) : null;
    this.#host.display.onBlocked = (blocked) => desktop.holdClients(blocked);
    this.#host.display.onClosed = (error) => {
      // It reads nothing any more.
      this.#layers?.uses.dispose();
      const detail = error ? `: ${error.message}` : '';
      desktop.lost(`the host compositor is gone${detail}`);
    };
    this.#wanted.forEach((description, index) => {
      const output = desktop.addOutput({
        ...description,
        name: `NESTED-${index + 1}`,
        description: 'a window in another compositor',
        refreshMhz: this.#host.outputs.refreshMhz,
        transform: 0,
        model: 'window',
      });
      this.#open(desktop, output, description);
    });
    this.#input = new HostInput(this.#host, desktop, (surface) => {
      const pair = this.#pairs.find(({ window }) => window.surface === surface);
      return pair && { surface: pair.window.surface, output: pair.output };
    });
  }

  show(frame: FrameToShow): 'backend' | 'none' {
    const pair = this.#pairs.find(({ output }) => output === frame.output);
    if (!pair || !this.#host.display.open) return 'none';
    this.#input?.beforeFrame();
    this.#inhibitIdle();
    try {
      const shown = pair.window.show(frame);
      this.#inWant = false;
      return shown ? 'backend' : 'none';
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#tryAgain(error);
      return 'none';
    }
  }

  wantsFrame(output: Output): boolean {
    return this.#pairs.some((pair) => pair.output === output && pair.window.wantsFrame);
  }

  stats(): BackendStats {
    const mode: NestedMode = this.passesBuffers ? 'pass-through' : 'composited';
    const hostFrames = this.#hostFrames;
    if (!this.#layers) return { mode, hostFrames };
    const { uses, imports, timelines } = this.#layers;
    const copied: Record<string, number> = {};
    for (const [reason, count] of this.#counts) if (reason !== null) copied[reason] = count;
    return {
      mode,
      hostFrames,
      explicitSync: timelines !== null,
      passed: this.#counts.get(null) ?? 0,
      copied,
      imports: imports.size,
      ...uses.stats,
    };
  }

  pixels(output: Output): PixelTarget | null {
    return this.#pairs.find((pair) => pair.output === output)?.window.shown ?? null;
  }

  outputRemoved(output: Output): void {
    const index = this.#pairs.findIndex((pair) => pair.output === output);
    const [pair] = index < 0 ? [] : this.#pairs.splice(index, 1);
    if (!pair) return;
    this.#input?.windowGoes(pair.window.surface);
    pair.window.dispose();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#retry?.close();
    this.#input?.dispose();
    for (const { window } of this.#pairs.splice(0)) window.dispose();
    this.#layers?.imports.dispose();
    this.#layers?.timelines?.dispose();
    this.#host.close();
    this.#layers?.uses.dispose();
  }

  #inhibitIdle(): void {
    if (!this.#host.display.open) return;
    for (const { output, window } of this.#pairs)
      window.inhibitIdle(this.#desktop?.idleInhibitors.inhibits(output) ?? false);
  }

  /** EMFILE, ENOMEM: what the host was told of the frame so far is in effect with the next one. */
  #tryAgain(error: Error): void {
    if (!this.#inWant) this.#log.warn(`a frame could not be shown: ${error.message}`);
    this.#inWant = true;
    this.#retry ??= this.#clock.at(this.#clock.nowNs() + RETRY_NS, () => {
      this.#retry = undefined;
      for (const { window } of this.#pairs) window.askForFrame();
    });
  }

  #makeLayers({ sync, dmabufs }: BackendHost): LayerParts {
    const host = this.#host;
    const again = (): void => {
      for (const { window } of this.#pairs) window.askForFrame();
    };
    return {
      host,
      imports: new HostImports(host, again),
      uses: new HostUses({ clock: this.#clock, log: this.#log, dmabufs, sync }),
      timelines: host.syncobj && new HostTimelines(host.syncobj, sync),
      count: (item, reason) => this.#count(item, reason),
    };
  }

  #count({ surface }: FrameItem, reason: CopyReason | null): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    if (reason === null || reason === 'being imported') return;
    const what = `wl_surface@${surface.id} is copied, not passed through: ${reason}`;
    ClientState.of(surface.client).infoOnce(`copied ${reason}`, what);
  }

  #open(desktop: BackendHost, output: Output, description: OutputDescription): void {
    const window: HostWindow = new HostWindow(this.#host, `Syncline ${output.name}`, this.#layers, {
      resized: (width, height) => {
        const scale = bufferScale(output);
        const wanted =
          width > 0 && height > 0
            ? { width: width * scale, height: height * scale }
            : { width: output.description.width, height: output.description.height };
        if (differs(output, wanted)) output.change(wanted);
      },
      scaled: (scale) => {
        // Somebody who asked for a scale gets it; else we are as sharp as the host.
        if (description.scale !== 1) return;
        const { width, height } = output;
        output.change({ scale, width: width * scale, height: height * scale });
      },
      refreshed: (told) => {
        const refreshMhz = Math.min(told, MAX_REFRESH_MHZ);
        if (refreshMhz !== output.refreshMhz) output.change({ refreshMhz });
      },
      closed: () => {
        if (this.#pairs.length > 1) desktop.removeOutput(output);
        else desktop.lost('the host closed our window');
      },
      frameDone: () => {
        this.#hostFrames++;
        const nowNs = this.#clock.nowNs();
        if (this.tellsPresentation) output.clock.done(nowNs);
        else output.clock.presented(nowNs);
        return nowNs;
      },
      blanked: ({ timestampNs }) => output.clock.alignTo(timestampNs),
      canDraw: () => output.clock.schedule(),
    });
    this.#pairs.push({ output, window });
  }
}

function differs(output: Output, wanted: { width: number; height: number }): boolean {
  const { width, height } = output.description;
  return width !== wanted.width || height !== wanted.height;
}
