/**
 * ext_output_image_capture_source_manager_v1 and ext_foreign_toplevel_image_capture_source_manager_v1 1
 * (ext-image-capture-source-v1.xml): outputs and windows as sources of images. For clients outside of sandboxes.
 */
import {
  ExtForeignToplevelImageCaptureSourceManagerV1,
  ExtOutputImageCaptureSourceManagerV1,
} from '../../protocols/generated/ext-image-capture-source-v1.server.ts';
import type { ExtImageCaptureSourceV1Resource } from '../../protocols/generated/ext-image-capture-source-v1.server.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { CaptureSource } from '../capture/capture-source.ts';
import { OutputSource } from '../capture/output-source.ts';
import { ToplevelSource } from '../capture/toplevel-source.ts';
import { UNSANDBOXED } from '../client-state.ts';
import type { Desktop } from '../desktop.ts';
import type { Output } from '../output/output.ts';
import { Toplevel } from '../shell/toplevel.ts';

const VERSION = 1;

/** Makes the source an ext_image_capture_source_v1 stands for, for one session: the object may be gone before it. */
export type SourceMaker = () => CaptureSource;

export function createImageCaptureSourceGlobals(display: Display, desktop: Desktop): void {
  const { seat, shell, cursor } = desktop;
  const roots = (options: { readonly cursor: boolean }) => desktop.sceneRoots(options);
  display.createGlobal(
    ExtOutputImageCaptureSourceManagerV1,
    VERSION,
    (manager) => {
      manager.handler = {
        createSource: (_, source, outputResource) => {
          const output = everOutputOf(outputResource);
          serve(source, output && (() => new OutputSource(output, roots)));
        },
        destroy: () => undefined,
      };
    },
    UNSANDBOXED,
  );
  display.createGlobal(
    ExtForeignToplevelImageCaptureSourceManagerV1,
    VERSION,
    (manager) => {
      manager.handler = {
        createSource: (_, source, { data: toplevel }) => {
          if (!(toplevel instanceof Toplevel)) serve(source, undefined);
          else serve(source, () => new ToplevelSource({ toplevel, shell, seat, cursor }));
        },
        destroy: () => undefined,
      };
    },
    UNSANDBOXED,
  );
}

/** Undefined when there was nothing to capture when the object was made. */
export function sourceMakerOf(resource: ExtImageCaptureSourceV1Resource): SourceMaker | undefined {
  return resource.data as SourceMaker | undefined;
}

function serve(resource: ExtImageCaptureSourceV1Resource, make: SourceMaker | undefined): void {
  resource.data = make;
  resource.handler = { destroy: () => undefined };
}

/** A removed one too: its sessions say that they have stopped. */
function everOutputOf(resource: WlOutputResource): Output | undefined {
  return resource.data as Output | undefined;
}
