/** zxdg_output_manager_v1 3 (xdg-output-unstable-v1.xml): outputs in logical coordinates. */
import {
  ZxdgOutputManagerV1,
  ZxdgOutputV1,
} from '../../protocols/generated/xdg-output-unstable-v1.server.ts';
import type { ZxdgOutputV1Resource } from '../../protocols/generated/xdg-output-unstable-v1.server.ts';
import { WlOutput } from '../../protocols/generated/wayland.server.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { Output } from '../output/output.ts';
import { outputOf } from './output.ts';

const VERSION = 3;
/** From here on xdg_output.done is replaced by wl_output.done. */
const DONE_MERGED_SINCE = 3;

export function createXdgOutputGlobal(display: Display): void {
  display.createGlobal(ZxdgOutputManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      getXdgOutput: (_, resource, outputResource) => {
        resource.handler = { destroy: () => undefined };
        const output = outputOf(outputResource);
        if (!output) return;
        sendLogical(resource, outputResource, output);
        const unlisten = output.onChanged(() => sendLogical(resource, outputResource, output));
        resource.addDestroyListener(unlisten);
      },
    };
  });
}

function sendLogical(
  resource: ZxdgOutputV1Resource,
  outputResource: WlOutputResource,
  output: Output,
): void {
  ZxdgOutputV1.sendLogicalPosition(resource, output.x, output.y);
  ZxdgOutputV1.sendLogicalSize(resource, output.width, output.height);
  if (resource.version >= 2) {
    ZxdgOutputV1.sendName(resource, output.name);
    ZxdgOutputV1.sendDescription(resource, output.description.description);
  }
  if (resource.version < DONE_MERGED_SINCE) ZxdgOutputV1.sendDone(resource);
  else if (outputResource.alive && outputResource.version >= 2) WlOutput.sendDone(outputResource);
}
