/** xdg_activation_v1 1 (xdg-activation-v1.xml): a program asks another one's window to be brought up, with a token. */
import { randomUUID } from 'node:crypto';
import {
  XdgActivationTokenV1,
  XdgActivationV1,
} from '../../protocols/generated/xdg-activation-v1.server.ts';
import type { XdgActivationTokenV1Resource } from '../../protocols/generated/xdg-activation-v1.server.ts';
import { XdgActivationTokenV1Error } from '../../protocols/generated/xdg-activation-v1.interfaces.ts';
import type { Display } from '../../protocols/server/display.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Shell } from '../shell/shell.ts';
import { Surface } from '../surface/surface.ts';

const VERSION = 1;
/** Unused tokens kept; the oldest go first. */
const MAX_TOKENS = 256;

export function createXdgActivationGlobal(
  display: Display,
  shell: Shell,
  newToken: () => string = randomUUID,
): void {
  const tokens = new Set<string>();
  const issue = (): string => {
    const token = newToken();
    tokens.add(token);
    for (const oldest of tokens) {
      if (tokens.size <= MAX_TOKENS) break;
      tokens.delete(oldest);
    }
    return token;
  };
  display.createGlobal(XdgActivationV1, VERSION, (activation) => {
    activation.handler = {
      destroy: () => undefined,
      getActivationToken: (_, token) => serveToken(token, shell, issue, newToken),
      activate: (_, token, surface) => {
        const toplevel = shell.windowOf(Surface.of(surface));
        if (tokens.delete(token) && toplevel?.mapped) {
          shell.windowManager.activationRequested(toplevel);
        }
      },
    };
  });
}

/** A token is worth something when its asker has the keyboard or names a press it was told of. */
function serveToken(
  resource: XdgActivationTokenV1Resource,
  shell: Shell,
  issue: () => string,
  worthless: () => string,
): void {
  let serial: number | undefined;
  let used = false;
  const requireUnused = (): void => {
    if (!used) return;
    throw new ProtocolError(
      resource,
      XdgActivationTokenV1Error.alreadyUsed,
      'the token has been committed',
    );
  };
  resource.handler = {
    setSerial: (_, value) => {
      requireUnused();
      serial = value;
    },
    setAppId: requireUnused,
    setSurface: requireUnused,
    commit: () => {
      requireUnused();
      used = true;
      const { seat } = shell;
      const { client } = resource;
      const focused = seat.keyboard.focus?.client === client;
      const pressed = serial !== undefined && seat.actionOf(client, serial) !== undefined;
      XdgActivationTokenV1.sendDone(resource, focused || pressed ? issue() : worthless());
    },
    destroy: () => undefined,
  };
}
