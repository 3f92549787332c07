/** wp_security_context_manager_v1 1 (security-context-v1.xml): a sandbox engine's own door, whose clients see less. */
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { Disposable } from '../../native/lifetime.ts';
import { EPOLLERR, EPOLLHUP, type Poller, type Watch } from '../../native/poller.ts';
import {
  WpSecurityContextManagerV1Error,
  WpSecurityContextV1Error,
} from '../../protocols/generated/security-context-v1.interfaces.ts';
import { WpSecurityContextManagerV1 } from '../../protocols/generated/security-context-v1.server.ts';
import type { WpSecurityContextV1Resource } from '../../protocols/generated/security-context-v1.server.ts';
import type { Display } from '../../protocols/server/display.ts';
import { DisplayError, ProtocolError } from '../../protocols/server/protocol-error.ts';
import { ClientState, UNSANDBOXED, type SandboxIdentity } from '../client-state.ts';

const VERSION = 1;
/** Of all clients together, since contexts outlive the client that made them. */
export const MAX_SECURITY_CONTEXTS = 64;
/** Each holds two descriptors: all of them so much of RLIMIT_NOFILE at most. */
const FD_SHARE = 0.02;
const FDS_OF_A_CONTEXT = 2;

/** Of these engines both an application and an instance are always known (wayland-protocols: security-context/engines.md). */
const FULLY_IDENTIFYING_ENGINES = new Set(['org.flatpak']);

/** What the manager keeps of all its contexts, committed or not. */
interface Door {
  readonly listenFd: OwnedFd;
  readonly closeFd: OwnedFd;
}

/** The global and the doors that were opened through it. */
export class SecurityContexts implements Disposable {
  readonly #display: Display;
  readonly #poller: Poller;
  readonly #limit = Math.min(
    MAX_SECURITY_CONTEXTS,
    Math.floor((native.getNofileLimit().soft * FD_SHARE) / FDS_OF_A_CONTEXT),
  );
  /** Each with what closes it. */
  readonly #doors = new Map<Door, () => void>();

  constructor(display: Display, poller: Poller) {
    this.#display = display;
    this.#poller = poller;
    display.createGlobal(
      WpSecurityContextManagerV1,
      VERSION,
      (manager) => {
        manager.handler = {
          destroy: () => undefined,
          createListener: (_, context, listenFd, closeFd) => {
            const door = { listenFd, closeFd };
            if (!listensOnUnix(listenFd)) {
              closeDoor(door);
              throw new ProtocolError(
                manager,
                WpSecurityContextManagerV1Error.invalidListenFd,
                'not a Unix stream socket that listens',
              );
            }
            if (this.#doors.size >= this.#limit) {
              closeDoor(door);
              manager.client.postNoMemory();
              return;
            }
            this.#doors.set(door, () => closeDoor(door));
            this.#serve(context, door);
          },
        };
      },
      UNSANDBOXED,
    );
  }

  /** Contexts that are open or may be. */
  get size(): number {
    return this.#doors.size;
  }

  dispose(): void {
    for (const close of this.#doors.values()) close();
    this.#doors.clear();
  }

  #serve(resource: WpSecurityContextV1Resource, door: Door): void {
    const identity: { -readonly [Key in keyof SandboxIdentity]: SandboxIdentity[Key] } = {
      engine: null,
      appId: null,
      instanceId: null,
    };
    let committed = false;
    const fail = (code: number, message: string): never => {
      throw new ProtocolError(resource, code, message);
    };
    const requireOpen = (): void => {
      if (committed) fail(WpSecurityContextV1Error.alreadyUsed, 'the context was committed');
    };
    const set = (key: keyof SandboxIdentity, value: string): void => {
      requireOpen();
      if (identity[key] !== null) fail(WpSecurityContextV1Error.alreadySet, `${key} is set`);
      identity[key] = value;
    };
    resource.handler = {
      destroy: () => undefined,
      setSandboxEngine: (_, name) => set('engine', name),
      setAppId: (_, appId) => set('appId', appId),
      setInstanceId: (_, instanceId) => set('instanceId', instanceId),
      commit: () => {
        requireOpen();
        const mistake = mistakeIn(identity);
        if (mistake) fail(WpSecurityContextV1Error.invalidMetadata, mistake);
        committed = true;
        this.#open(resource, door, identity);
      },
    };
    resource.addDestroyListener(() => {
      if (!committed) this.#close(door);
    });
  }

  /** Lets clients in until the other end of the close descriptor is closed, whatever becomes of the client that asked for it. */
  #open(resource: WpSecurityContextV1Resource, door: Door, identity: SandboxIdentity): void {
    const watch = this.#watchClosing(door);
    if (!watch) {
      this.#close(door);
      // Its own errors name other mistakes: 1 would be already_used.
      throw new ProtocolError(
        resource.client.displayResource,
        DisplayError.invalidMethod,
        'the close descriptor cannot tell when its other end is closed',
      );
    }
    const stop = this.#display.listenFd(door.listenFd, (client) => {
      ClientState.of(client).sandbox = identity;
    });
    this.#doors.set(door, () => {
      stop();
      watch.close();
      door.closeFd.close();
    });
  }

  /** Null for what cannot be watched: a regular file. */
  #watchClosing(door: Door): Watch | null {
    try {
      return this.#poller.watch(door.closeFd.fd, EPOLLHUP | EPOLLERR, () => this.#close(door));
    } catch {
      return null;
    }
  }

  #close(door: Door): void {
    this.#doors.get(door)?.();
    this.#doors.delete(door);
  }
}

function listensOnUnix({ fd }: OwnedFd): boolean {
  try {
    return native.listensOnUnix(fd);
  } catch (error) {
    // Opened with O_PATH: a name, not the thing itself.
    if (hasErrno(error, 'EBADF')) return false;
    throw error;
  }
}

function closeDoor({ listenFd, closeFd }: Door): void {
  listenFd.close();
  closeFd.close();
}

/** What is wrong with the metadata, or undefined. */
function mistakeIn({ engine, appId, instanceId }: SandboxIdentity): string | undefined {
  if (engine === null && (appId !== null || instanceId !== null)) {
    return 'application and instance mean something within a sandbox engine alone';
  }
  if (engine === '') return 'an engine without a name';
  if (engine !== null && FULLY_IDENTIFYING_ENGINES.has(engine) && (!appId || !instanceId)) {
    return `${engine} names an application and an instance`;
  }
  return undefined;
}
