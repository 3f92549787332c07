/** A headless output so small that each window has a few pixels of its own, looked at after every frame. */
import { HeadlessBackend } from '../../compositor/backend/headless.ts';
import type { FrameToShow } from '../../compositor/backend/backend.ts';
import type { BackendFactory, BackendContext } from '../../compositor/config.ts';
import type { PixelTarget } from '../../compositor/render/composer.ts';

/** Side of a surface's square in pixels. */
export const CELL = 4;
export const BYTES_PER_PIXEL = 4;
/** What the compositor paints where nothing is; contents never have this colour. */
export const BACKGROUND = 0x20252c;

/** The colour at a cell: surfaces lie side by side, clients one below the other. */
export type Screen = (column: number, row: number) => number;

/** `onShown` sees each frame as it is shown. */
export function screenBackend(onShown: (screen: Screen) => void): BackendFactory {
  return (context) => new ScreenBackend(context, onShown);
}

class ScreenBackend extends HeadlessBackend {
  readonly #onShown: (screen: Screen) => void;

  constructor(context: BackendContext, onShown: (screen: Screen) => void) {
    super(context.outputs);
    this.#onShown = onShown;
  }

  override show(frame: FrameToShow): 'timed' {
    const shown = super.show(frame);
    const pixels = this.pixels(frame.output);
    if (pixels) this.#onShown(reader(pixels));
    return shown;
  }
}

function reader({ bytes, offsetBytes, strideBytes }: PixelTarget): Screen {
  const view = new DataView(bytes, offsetBytes);
  return (column, row) => {
    const [x, y] = [column * CELL + CELL / 2, row * CELL + CELL / 2];
    return view.getUint32(y * strideBytes + x * BYTES_PER_PIXEL, true) & 0xffffff;
  };
}
