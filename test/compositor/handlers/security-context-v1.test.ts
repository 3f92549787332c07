/** wp_security_context_manager_v1: doors for sandboxes, over real listening sockets. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import { ExtImageCopyCaptureManagerV1Proxy } from '../../../protocols/generated/ext-image-copy-capture-v1.client.ts';
import {
  WpSecurityContextManagerV1Error,
  WpSecurityContextV1Error,
} from '../../../protocols/generated/security-context-v1.interfaces.ts';
import {
  WpSecurityContextManagerV1Proxy,
  type WpSecurityContextV1Proxy,
} from '../../../protocols/generated/security-context-v1.client.ts';
import { DisplayError } from '../../../protocols/server/protocol-error.ts';
import { ClientState } from '../../../compositor/client-state.ts';
import { MAX_SECURITY_CONTEXTS } from '../../../compositor/handlers/security-context-v1.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import { ShellClient } from '../../support/shell-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'syncline-sandbox-'));
afterAll(() => rmSync(directory, { recursive: true }));
let sockets = 0;

interface Door {
  readonly path: string;
  readonly context: WpSecurityContextV1Proxy;
  /** Closing it ends the listening. */
  readonly keep: OwnedFd;
}

function createDoor(client: ShellClient): Door {
  const path = join(directory, `${sockets++}`);
  const listening = new OwnedFd(native.listenUnix(path, 8));
  const [readFd, writeFd] = native.pipe();
  const manager = client.bind(WpSecurityContextManagerV1Proxy);
  const context = manager.createListener(listening.fd, readFd);
  listening.close();
  native.close(readFd);
  return { path, context, keep: new OwnedFd(writeFd) };
}

/** Connects through the door as a program in the sandbox would. */
function enter(fixture: DesktopFixture, { path }: Door): ClientDisplay {
  const fd = new OwnedFd(native.connectUnix(path));
  const display = ClientDisplay.connect({ poller: fixture.poller, fd, env: {} });
  fixture.settle();
  return display;
}

const globalsOf = (display: ClientDisplay): Set<string> =>
  new Set([...display.registry.globals.values()].map((global) => global.interface));

test('a client in a sandbox sees neither captures nor the window list nor a way out, and the rest', () => {
  withDesktop({}, (fixture) => {
    const engine = fixture.connect();
    const door = createDoor(engine);
    door.context.setSandboxEngine('org.flatpak');
    door.context.setAppId('org.example.App');
    door.context.setInstanceId('17');
    door.context.commit();
    fixture.settle();
    const inside = enter(fixture, door);
    const outside = globalsOf(engine.display);
    const hidden = [...outside].filter((name) => !globalsOf(inside).has(name));
    expect(hidden.sort()).toEqual([
      'ext_foreign_toplevel_image_capture_source_manager_v1',
      'ext_foreign_toplevel_list_v1',
      'ext_image_copy_capture_manager_v1',
      'ext_output_image_capture_source_manager_v1',
      'wp_security_context_manager_v1',
    ]);
    const identity = { engine: 'org.flatpak', appId: 'org.example.App', instanceId: '17' };
    const { clients } = fixture.compositor.stats();
    expect(clients.map(({ sandbox }) => sandbox)).toEqual([null, identity]);
    inside.close();
    door.keep.close();
    fixture.settle();
  });
});

test('a hidden global cannot be bound by guessing its name', () => {
  withDesktop({}, (fixture) => {
    const engine = fixture.connect();
    const door = createDoor(engine);
    door.context.commit();
    fixture.settle();
    const global = engine.display.registry.find('ext_image_copy_capture_manager_v1');
    const inside = enter(fixture, door);
    if (!global) throw new Error('no capture global');
    inside.registry.bind(ExtImageCopyCaptureManagerV1Proxy, global);
    fixture.settle();
    expect(inside.error).toMatchObject({ interface: 'wl_registry', code: 0 });
    door.keep.close();
    fixture.settle();
  });
});

test('before commit nobody is let in; connections made meanwhile are not lost', () => {
  withDesktop({}, (fixture) => {
    const engine = fixture.connect();
    const door = createDoor(engine);
    fixture.settle();
    const early = enter(fixture, door);
    expect(fixture.compositor.display.clients.size).toBe(1);
    door.context.commit();
    fixture.settle();
    expect(fixture.compositor.display.clients.size).toBe(2);
    expect(globalsOf(early).has('wl_compositor')).toBe(true);
    early.close();
    door.keep.close();
    fixture.settle();
  });
});

test('the door stays open when the engine’s client goes, until the close descriptor is closed', () => {
  withDesktop({}, (fixture) => {
    const engine = fixture.connect();
    const door = createDoor(engine);
    door.context.commit();
    fixture.settle();
    engine.close();
    fixture.settle();
    const inside = enter(fixture, door);
    expect(globalsOf(inside).has('wl_compositor')).toBe(true);
    door.keep.close();
    fixture.settle();
    expect(() => native.connectUnix(door.path)).toThrow();
    inside.roundtrip().catch(() => undefined);
    fixture.settle();
    expect(inside.error).toBeUndefined();
    inside.close();
    fixture.settle();
  });
});

test('a context given up before its commit closes its door', () => {
  withDesktop({}, (fixture) => {
    const engine = fixture.connect();
    const door = createDoor(engine);
    door.context.destroy();
    fixture.settle();
    expect(() => native.connectUnix(door.path)).toThrow();
    door.keep.close();
  });
});

test('a client of a sandbox has windows like any other, and its surfaces say where it is from', () => {
  withDesktop({}, (fixture) => {
    const engine = fixture.connect();
    const door = createDoor(engine);
    door.context.setSandboxEngine('org.example.engine');
    door.context.commit();
    fixture.settle();
    const fd = new OwnedFd(native.connectUnix(door.path));
    fixture.settle();
    const [, client] = fixture.compositor.display.clients;
    if (!client) throw new Error('nobody came');
    const inside = new ShellClient(fixture.poller, fd, client, () => fixture.settle());
    fixture.settle();
    inside.openWindow(20, 20);
    fixture.frames();
    expect(ClientState.of(client).sandbox?.engine).toBe('org.example.engine');
    expect(fixture.compositor.shell.windows).toHaveLength(1);
    inside.close();
    door.keep.close();
    fixture.settle();
  });
});

function expectError(
  body: (context: WpSecurityContextV1Proxy) => void,
  code: number,
  interfaceName = 'wp_security_context_v1',
): void {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const door = createDoor(client);
    body(door.context);
    fixture.settle();
    expect(client.error).toEqual({ interface: interfaceName, code });
    expect(() => native.connectUnix(door.path)).toThrow();
    door.keep.close();
  });
}

test.each(['setSandboxEngine', 'setAppId', 'setInstanceId'] as const)(
  '%s twice is already_set, after commit already_used',
  (request) => {
    expectError((context) => {
      context[request]('one');
      context[request]('one');
    }, WpSecurityContextV1Error.alreadySet);
    withDesktop({}, (fixture) => {
      const client = fixture.connect();
      const door = createDoor(client);
      door.context.commit();
      door.context[request]('late');
      fixture.settle();
      expect(client.error).toEqual({
        interface: 'wp_security_context_v1',
        code: WpSecurityContextV1Error.alreadyUsed,
      });
      door.keep.close();
      fixture.settle();
    });
  },
);

test.each<[string, (context: WpSecurityContextV1Proxy) => void]>([
  ['an application without an engine', (context) => context.setAppId('org.example.App')],
  ['an instance without an engine', (context) => context.setInstanceId('1')],
  ['an engine without a name', (context) => context.setSandboxEngine('')],
  [
    'flatpak without an instance',
    (context) => {
      context.setSandboxEngine('org.flatpak');
      context.setAppId('org.example.App');
    },
  ],
])('%s is invalid_metadata', (_, describe) => {
  expectError((context) => {
    describe(context);
    context.commit();
  }, WpSecurityContextV1Error.invalidMetadata);
});

test('a descriptor that does not listen is invalid_listen_fd', () => {
  withDesktop({}, (fixture) => {
    const [readFd, writeFd] = native.pipe();
    const [first, second] = native.socketPair();
    for (const fd of [readFd, first]) {
      const client = fixture.connect();
      client.bind(WpSecurityContextManagerV1Proxy).createListener(fd, readFd);
      fixture.settle();
      expect(client.error).toEqual({
        interface: 'wp_security_context_manager_v1',
        code: WpSecurityContextManagerV1Error.invalidListenFd,
      });
    }
    for (const fd of [readFd, writeFd, first, second]) native.close(fd);
  });
});

test('a descriptor that is only a name is invalid_listen_fd, and closed', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const O_PATH = 0o10000000;
    const nameFd = openSync(directory, O_PATH);
    const [readFd, writeFd] = native.pipe();
    client.bind(WpSecurityContextManagerV1Proxy).createListener(nameFd, readFd);
    for (const fd of [nameFd, readFd, writeFd]) native.close(fd);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wp_security_context_manager_v1',
      code: WpSecurityContextManagerV1Error.invalidListenFd,
    });
  });
});

test('a close descriptor that cannot tell of its end is a malformed request', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const listening = new OwnedFd(native.listenUnix(join(directory, `${sockets++}`), 8));
    const file = new OwnedFd(native.memfdCreate('no pipe', 0));
    const manager = client.bind(WpSecurityContextManagerV1Proxy);
    manager.createListener(listening.fd, file.fd).commit();
    file.close();
    listening.close();
    fixture.settle();
    expect(client.error).toEqual({ interface: 'wl_display', code: DisplayError.invalidMethod });
  });
});

test('there is a limit of contexts', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const doors: Door[] = [];
    for (let count = 0; count <= MAX_SECURITY_CONTEXTS; count++) {
      doors.push(createDoor(client));
      fixture.settle();
    }
    expect(client.error).toEqual({ interface: 'wl_display', code: 2 });
    for (const { keep } of doors) keep.close();
    fixture.settle();
  });
});
