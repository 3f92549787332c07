/** xdg_popup's requests (xdg-shell.xml). */
import type { XdgPopupRequests } from '../../protocols/generated/xdg-shell.server.ts';
import { XdgPositionerError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Popup } from '../shell/popup.ts';
import type { Shell } from '../shell/shell.ts';
import { rulesOf } from './xdg-positioner.ts';

export function popupRequests(shell: Shell, popup: Popup): XdgPopupRequests {
  return {
    destroy: () => {
      if (popup.popups.some((child) => child.mapped)) {
        throw popup.notTheTopmost('a popup was destroyed before the popups on it');
      }
    },
    grab: (_, __, serial) => shell.popupGrab.request(popup, serial),
    reposition: (_, positioner, token) => {
      const rules = rulesOf(positioner);
      if (!rules) {
        throw new ProtocolError(
          positioner,
          XdgPositionerError.invalidInput,
          `xdg_positioner@${positioner.id} has no size or no anchor rectangle`,
        );
      }
      popup.reposition(rules, token);
    },
  };
}
