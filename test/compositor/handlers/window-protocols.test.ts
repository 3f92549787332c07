/** Decoration, activation, the window list. */
import { expect, test } from 'vitest';
import { ExtForeignToplevelListV1Proxy } from '../../../protocols/generated/ext-foreign-toplevel-list-v1.client.ts';
import { XdgActivationTokenV1Error } from '../../../protocols/generated/xdg-activation-v1.interfaces.ts';
import { XdgActivationV1Proxy } from '../../../protocols/generated/xdg-activation-v1.client.ts';
import { ZxdgDecorationManagerV1Proxy } from '../../../protocols/generated/xdg-decoration-unstable-v1.client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

const CLIENT_SIDE = 1;
const SERVER_SIDE = 2;

test('decorations are the client’s, whatever it wishes', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const manager = client.bind(ZxdgDecorationManagerV1Proxy);
    const window = client.createWindow();
    const modes: number[] = [];
    const decoration = manager.getToplevelDecoration(window.toplevel);
    decoration.handler = { configure: (_, mode) => modes.push(mode) };
    window.surface.commit();
    fixture.settle();
    client.draw(window, 20, 20);
    const before = window.configures.length;
    decoration.setMode(SERVER_SIDE);
    fixture.settle();
    expect(modes).toEqual([CLIENT_SIDE, CLIENT_SIDE]);
    expect(window.configures.length).toBe(before + 1);
    decoration.destroy();
    window.toplevel.destroy();
    fixture.settle();
    expect(client.error).toBeUndefined();
  });
});

test('from version 2 on a window that is shown may be given a decoration object', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20);
    const modes: number[] = [];
    const decoration = client
      .bind(ZxdgDecorationManagerV1Proxy)
      .getToplevelDecoration(window.toplevel);
    decoration.handler = { configure: (_, mode) => modes.push(mode) };
    fixture.settle();
    expect(modes).toEqual([CLIENT_SIDE]);
    expect(client.error).toBeUndefined();
  });
});

test('who asks for decorations between first configure and first buffer is given its mode, and nothing before it asks', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const manager = client.bind(ZxdgDecorationManagerV1Proxy);
    const window = client.createWindow();
    window.surface.commit();
    fixture.settle();
    const modes: number[] = [];
    const decoration = manager.getToplevelDecoration(window.toplevel);
    decoration.handler = { configure: (_, mode) => modes.push(mode) };
    fixture.settle();
    expect(modes).toEqual([]);
    decoration.setMode(SERVER_SIDE);
    fixture.settle();
    expect(modes).toEqual([SERVER_SIDE]);
    decoration.unsetMode();
    fixture.settle();
    expect(modes).toEqual([SERVER_SIDE, CLIENT_SIDE]);
    expect(client.error).toBeUndefined();
  });
});

test('a token of the client with the keyboard activates another one’s window, once', () => {
  withDesktop({}, (fixture) => {
    const background = fixture.connect();
    const backgroundWindow = background.openWindow(30, 30);
    const client = fixture.connect();
    client.openWindow(30, 30);
    const tokenOf = (asker: typeof client): string => {
      let token = '';
      const request = asker.bind(XdgActivationV1Proxy).getActivationToken();
      request.handler = {
        done: (_, value) => {
          token = value;
        },
      };
      request.commit();
      fixture.settle();
      return token;
    };
    const activate = (token: string): void => {
      background.bind(XdgActivationV1Proxy).activate(token, backgroundWindow.surface);
      fixture.settle();
    };
    const { shell } = fixture.compositor;
    const [first, second] = shell.windows;
    activate('made up');
    activate(tokenOf(background));
    expect(shell.activeWindow).toBe(second);
    const token = tokenOf(client);
    activate(token);
    expect(shell.activeWindow).toBe(first);
    shell.activate(second ?? null);
    activate(token);
    expect(shell.activeWindow).toBe(second);
  });
});

test('a committed token cannot be used again', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const token = client.bind(XdgActivationV1Proxy).getActivationToken();
    token.commit();
    token.commit();
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'xdg_activation_token_v1',
      code: XdgActivationTokenV1Error.alreadyUsed,
    });
  });
});

test('the window list: what is there, what comes, changes and goes', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const first = client.openWindow(30, 30);
    first.toplevel.setTitle('first');
    fixture.settle();
    const seen: string[] = [];
    const watcher = fixture.connect();
    watcher.bind(ExtForeignToplevelListV1Proxy).handler = {
      toplevel: (_, handle) => {
        handle.handler = {
          title: (_handle, title) => seen.push(`title ${title}`),
          identifier: (_handle, identifier) => seen.push(`identifier ${identifier.length}`),
          closed: () => seen.push('closed'),
        };
      },
    };
    fixture.settle();
    expect(seen.splice(0)).toEqual(['identifier 32', 'title first']);
    const second = client.openWindow(30, 30);
    second.toplevel.setTitle('second');
    fixture.settle();
    expect(seen.splice(0)).toEqual(['identifier 32', 'title ', 'title second']);
    second.toplevel.destroy();
    fixture.settle();
    expect(seen).toEqual(['closed']);
  });
});
