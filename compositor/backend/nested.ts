/** Our outputs as windows of another Wayland compositor: composed by us, input from the host. */
import type { Clock } from '../../native/clock.ts';
import type { CompositorLog } from '../log.ts';
import type { Output, OutputDescription } from '../output/output.ts';
import type { PixelTarget } from '../render/composer.ts';
import { requirePixman } from '../render/pixman.ts';
import type { Backend, BackendHost, FrameToShow } from './backend.ts';
import type { HostConnection } from './host-connection.ts';
import { HostInput } from './host-input.ts';
import { HostWindow } from './host-window.ts';

export interface NestedOptions {
  /** Taken over. */
  readonly host: HostConnection;
  readonly clock: Clock;
  readonly log: CompositorLog;
  /** Wanted sizes; the host has the last word. */
  readonly outputs: readonly OutputDescription[];
}

interface Pair {
  readonly output: Output;
  readonly window: HostWindow;
}

export class NestedBackend implements Backend {
  readonly name = 'nested';
  readonly pace = 'asap';
  readonly canAddOutputs = false;
  readonly #host: HostConnection;
  readonly #clock: Clock;
  readonly #wanted: readonly OutputDescription[];
  readonly #pairs: Pair[] = [];
  #input: HostInput | undefined;
  #disposed = false;

  /** Throws PixmanMissingError; then the host is closed. */
  constructor(options: NestedOptions) {
    this.#host = options.host;
    this.#clock = options.clock;
    this.#wanted = options.outputs;
    try {
      requirePixman();
    } catch (error) {
      this.#host.close();
      throw error;
    }
  }

  start(desktop: BackendHost): void {
    this.#host.display.onClosed = (error) => {
      const detail = error ? `: ${error.message}` : '';
      desktop.lost(`the host compositor is gone${detail}`);
    };
    this.#wanted.forEach((description, index) => {
      const output = desktop.addOutput({
        ...description,
        name: `NESTED-${index + 1}`,
        description: 'a window in another compositor',
        refreshMhz: this.#host.refreshMhz,
        transform: 0,
        model: 'window',
      });
      this.#open(desktop, output, description);
    });
    this.#input = new HostInput(this.#host, desktop, (surface) =>
      this.#pairs.find(({ window }) => window.surface === surface),
    );
  }

  show(frame: FrameToShow): 'backend' | 'none' {
    const pair = this.#pairs.find(({ output }) => output === frame.output);
    if (!pair) return 'none';
    return pair.window.show(frame, bufferScale(frame.output)) ? 'backend' : 'none';
  }

  pixels(output: Output): PixelTarget | null {
    return this.#pairs.find((pair) => pair.output === output)?.window.shown ?? null;
  }

  outputRemoved(output: Output): void {
    const index = this.#pairs.findIndex((pair) => pair.output === output);
    const [pair] = index < 0 ? [] : this.#pairs.splice(index, 1);
    pair?.window.dispose();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#input?.dispose();
    for (const { window } of this.#pairs.splice(0)) window.dispose();
    this.#host.close();
  }

  #open(desktop: BackendHost, output: Output, description: OutputDescription): void {
    const window: HostWindow = new HostWindow(this.#host, `Syncline ${output.name}`, {
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
      closed: () => {
        if (this.#pairs.length > 1) desktop.removeOutput(output);
        else desktop.lost('the host closed our window');
      },
      frameDone: () => output.clock.presented(this.#clock.nowNs()),
      canDraw: () => output.clock.schedule(),
    });
    this.#pairs.push({ output, window });
  }
}

/** Host buffers have whole scales. */
export function bufferScale(output: Output): number {
  return Number.isInteger(output.scale) ? output.scale : 1;
}

function differs(output: Output, wanted: { width: number; height: number }): boolean {
  const { width, height } = output.description;
  return width !== wanted.width || height !== wanted.height;
}
