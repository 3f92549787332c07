/**
 * zwp_idle_inhibit_manager_v1 1 (idle-inhibit-unstable-v1.xml). Headless there is no idle and nothing to inhibit; nested, the host is
 * asked not to blank the window a surface with an inhibitor is seen in.
 */
import { ZwpIdleInhibitManagerV1 } from '../../protocols/generated/idle-inhibit-unstable-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { IdleInhibitors } from '../shell/idle-inhibitors.ts';
import { Surface } from '../surface/surface.ts';

const VERSION = 1;

export function createIdleInhibitGlobal(display: Display, inhibitors: IdleInhibitors): void {
  display.createGlobal(ZwpIdleInhibitManagerV1, VERSION, (manager) => {
    manager.handler = {
      destroy: () => undefined,
      createInhibitor: (_, inhibitor, surface) => {
        inhibitor.handler = { destroy: () => undefined };
        inhibitor.addDestroyListener(inhibitors.add(Surface.of(surface)));
      },
    };
  });
}
