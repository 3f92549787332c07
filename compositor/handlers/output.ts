/** wl_output 4 (wayland.xml): one global an output, told anew on each change. */
import { WlOutput } from '../../protocols/generated/wayland.server.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';
import { WlOutputMode, WlOutputSubpixel } from '../../protocols/generated/wayland.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { Output } from '../output/output.ts';

const VERSION = 4;

/** Told of each object a client binds, once its first events are queued: surfaces already on the output enter it. */
export type OutputBound = (resource: WlOutputResource) => void;

/** Offers the output; the result withdraws it. Objects bound before stay and are told no more. */
export function createOutputGlobal(
  display: Display,
  output: Output,
  bound: OutputBound,
): { remove(): void } {
  const global = display.createGlobal(WlOutput, VERSION, (resource) => {
    resource.data = output;
    resource.handler = { release: () => undefined };
    if (output.removed) return;
    output.addResource(resource);
    sendDescription(resource, output);
    bound(resource);
  });
  const unlisten = output.onChanged(() => {
    for (const resource of output.resources()) sendDescription(resource, output);
  });
  return {
    remove: () => {
      unlisten();
      global.remove();
    },
  };
}

/** The output behind a wl_output object; undefined once it was removed. */
export function outputOf(resource: WlOutputResource | null): Output | undefined {
  const output = resource?.data as Output | undefined;
  return output && !output.removed ? output : undefined;
}

/** geometry, mode, scale, name, description, done — each where the object's version has it. */
export function sendDescription(resource: WlOutputResource, output: Output): void {
  const { description } = output;
  WlOutput.sendGeometry(
    resource,
    description.x,
    description.y,
    description.physicalWidth,
    description.physicalHeight,
    WlOutputSubpixel.unknown,
    description.make,
    description.model,
    description.transform,
  );
  WlOutput.sendMode(
    resource,
    WlOutputMode.current | WlOutputMode.preferred,
    description.width,
    description.height,
    description.refreshMhz,
  );
  if (resource.version >= 2) WlOutput.sendScale(resource, output.wholeScale);
  if (resource.version >= 4) {
    WlOutput.sendName(resource, description.name);
    WlOutput.sendDescription(resource, description.description);
  }
  if (resource.version >= 2) WlOutput.sendDone(resource);
}
