/** zwp_idle_inhibit_manager_v1 1 (idle-inhibit-unstable-v1.xml): we never blank, so there is nothing to inhibit. */
import { ZwpIdleInhibitManagerV1 } from '../../protocols/generated/idle-inhibit-unstable-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';

const VERSION = 1;

export function createIdleInhibitGlobal(display: Display): void {
  display.createGlobal(ZwpIdleInhibitManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      createInhibitor: (_, inhibitor) => {
        inhibitor.handler = { destroy: () => undefined };
      },
    };
  });
}
