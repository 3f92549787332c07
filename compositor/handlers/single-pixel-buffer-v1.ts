/** wp_single_pixel_buffer_manager_v1 (single-pixel-buffer-v1.xml). */
import { WpSinglePixelBufferManagerV1 } from '../../protocols/generated/single-pixel-buffer-v1.server.ts';
import type { WpSinglePixelBufferManagerV1Requests } from '../../protocols/generated/single-pixel-buffer-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ClientBuffer } from '../buffer/client-buffer.ts';
import { SolidContent } from '../buffer/solid-content.ts';
import { ClientState } from '../client-state.ts';
import type { HandlerContext } from '../handler-context.ts';

const SINGLE_PIXEL_VERSION = 1;

export function createSinglePixelBufferGlobal(context: HandlerContext): Global {
  const requests: WpSinglePixelBufferManagerV1Requests = {
    destroy: () => undefined,

    createU32RgbaBuffer(resource, id, red, green, blue, alpha): void {
      const state = ClientState.of(resource.client);
      if (!state.take('buffers')) {
        resource.client.postNoMemory();
        return;
      }
      const content = new SolidContent({
        red: red >>> 0,
        green: green >>> 0,
        blue: blue >>> 0,
        alpha: alpha >>> 0,
      });
      new ClientBuffer(id, { content, dispose: () => state.give('buffers') });
    },
  };
  return context.display.createGlobal(
    WpSinglePixelBufferManagerV1,
    SINGLE_PIXEL_VERSION,
    (resource) => {
      resource.handler = requests;
    },
  );
}
