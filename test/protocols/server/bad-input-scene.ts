/** A client whose requests go wrong, and a bystander that must not notice. */
import { expect } from 'vitest';
import { WlCompositor, WlShm } from '../../../protocols/generated/wayland.server.ts';
import type {
  WlCompositorResource,
  WlShmResource,
} from '../../../protocols/generated/wayland.server.ts';
import { ProtocolError } from '../../../protocols/server/protocol-error.ts';
import { withHarness } from './harness.ts';
import type { Harness, RawClient, RawError } from './harness.ts';

export const DISPLAY = 1;
export const REGISTRY = 2;
export const COMPOSITOR = 3;
export const SHM = 4;
export const SURFACE = 5;
export const FREE_ID = 6;
export const INVALID_OBJECT = 0;
export const INVALID_METHOD = 1;
export const NO_MEMORY = 2;
export const IMPLEMENTATION = 3;

export interface Scene {
  readonly harness: Harness;
  readonly raw: RawClient;
  /** Requests the handlers saw. */
  readonly seen: string[];
  /** Settles, checks the bystander and that the client is cut and freed; the error it got. */
  error(): RawError | undefined;
}

/** A client with a compositor (v4), shm and surface, and a bystander whose round trips go on. */
export function scene(body: (scene: Scene) => void, shmVersion = 1): Promise<void> {
  return withHarness((harness) => {
    const seen: string[] = [];
    harness.display.createGlobal(WlCompositor, 4, (resource) => serveCompositor(resource, seen));
    harness.display.createGlobal(WlShm, 2, (resource) => serveShm(resource, seen));
    const bystander = harness.client();
    const { raw, client } = harness.raw();
    raw.send(DISPLAY, 1, [REGISTRY]);
    raw.send(REGISTRY, 0, [1, 'wl_compositor', 4, COMPOSITOR]);
    raw.send(REGISTRY, 0, [2, 'wl_shm', shmVersion, SHM]);
    raw.send(COMPOSITOR, 0, [SURFACE]);
    harness.settle();
    expect(raw.error()).toBeUndefined();
    expect(client.objectCount).toBe(5);
    let freed = 0;
    for (const resource of client.resources()) resource.addDestroyListener(() => freed++);
    body({
      harness,
      raw,
      seen,
      error: () => {
        harness.settle();
        const error = raw.error();
        expect(raw.closed).toBe(true);
        expect(client.alive).toBe(false);
        expect(freed).toBe(5);
        expect(harness.display.clients.size).toBe(1);
        let answered = false;
        bystander.sync(() => (answered = true));
        harness.settle();
        expect(answered).toBe(true);
        return error;
      },
    });
  });
}

export function serveCompositor(resource: WlCompositorResource, seen: string[]): void {
  resource.handler = {
    createSurface: (_compositor, surface) => {
      surface.handler = {
        destroy: () => void seen.push('destroy'),
        attach: (_surface, buffer) => void seen.push(`attach ${buffer?.id}`),
        damage: () => void seen.push('damage'),
        frame: () => {
          throw new Error('bug of ours');
        },
        setOpaqueRegion: (from) => {
          throw new ProtocolError(from, 7, 'not this one');
        },
        setInputRegion: () => {
          throw Object.assign(new Error('out'), { code: 'EMFILE', errno: 24, syscall: 'dup' });
        },
        commit: () => void seen.push('commit'),
        setBufferTransform: () => undefined,
        setBufferScale: (from, scale) => {
          from.client.postError(from, 0, `scale ${scale}`);
          from.client.postError(from, 1, 'a second one');
        },
        damageBuffer: () => void seen.push('damageBuffer'),
        offset: () => void seen.push('offset'),
        getRelease: () => undefined,
      };
    },
    createRegion: () => undefined,
    release: () => undefined,
  };
}

function serveShm(resource: WlShmResource, seen: string[]): void {
  resource.handler = {
    createPool: (_shm, _pool, fd, size) => {
      fd.close();
      seen.push(`pool ${size}`);
    },
    release: () => void seen.push('release'),
  };
}
