/** Outputs in memory: any size, scale and rate; input comes from the control socket or the user's API. */
import type { Output, OutputDescription } from '../output/output.ts';
import type { PixelTarget } from '../render/composer.ts';
import { requirePixman } from '../render/pixman.ts';
import { Region } from '../surface/region.ts';
import type { Backend, BackendHost, FrameToShow } from './backend.ts';

const BYTES_PER_PIXEL = 4;

/** Throws PixmanMissingError where nothing can be drawn. */
export class HeadlessBackend implements Backend {
  readonly name = 'headless';
  readonly pace = 'deadline';
  readonly passesBuffers = false;
  readonly tellsPresentation = false;
  readonly canAddOutputs = true;
  readonly #initial: readonly OutputDescription[];
  readonly #targets = new Map<Output, PixelTarget>();

  constructor(outputs: readonly OutputDescription[]) {
    requirePixman();
    this.#initial = outputs;
  }

  start(host: BackendHost): void {
    for (const description of this.#initial) host.addOutput(description);
  }

  show(frame: FrameToShow): 'timed' {
    const { output } = frame;
    const { width, height } = output.description;
    let target = this.#targets.get(output);
    let { damage } = frame;
    if (!target || target.width !== width || target.height !== height) {
      target = makeTarget(width, height);
      this.#targets.set(output, target);
      damage = Region.rect(0, 0, width, height);
    }
    if (!damage.isEmpty) frame.paint(target, damage);
    return 'timed';
  }

  pixels(output: Output): PixelTarget | null {
    return this.#targets.get(output) ?? null;
  }

  outputRemoved(output: Output): void {
    this.#targets.delete(output);
  }

  dispose(): void {
    this.#targets.clear();
  }
}

function makeTarget(width: number, height: number): PixelTarget {
  const strideBytes = width * BYTES_PER_PIXEL;
  return {
    width,
    height,
    bytes: new ArrayBuffer(strideBytes * height),
    offsetBytes: 0,
    strideBytes,
  };
}
