/** The client's side of ext_image_copy_capture_v1: sessions, frames and buffers, with all they are told written down. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ExtForeignToplevelListV1Proxy } from '../../protocols/generated/ext-foreign-toplevel-list-v1.client.ts';
import {
  ExtForeignToplevelImageCaptureSourceManagerV1Proxy,
  ExtOutputImageCaptureSourceManagerV1Proxy,
  type ExtImageCaptureSourceV1Proxy,
} from '../../protocols/generated/ext-image-capture-source-v1.client.ts';
import {
  ExtImageCopyCaptureManagerV1Proxy,
  type ExtImageCopyCaptureFrameV1Proxy,
  type ExtImageCopyCaptureSessionV1Proxy,
} from '../../protocols/generated/ext-image-copy-capture-v1.client.ts';
import { type WlBufferProxy, WlOutputProxy } from '../../protocols/generated/wayland.client.ts';
import { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import type { ShellClient } from './shell-client.ts';

const BYTES_PER_PIXEL = 4;

export interface SeenSession {
  readonly proxy: ExtImageCopyCaptureSessionV1Proxy;
  size: { width: number; height: number };
  readonly shmFormats: number[];
  readonly dmabufFormats: number[];
  dmabufDevice: number;
  /** How often constraints were complete. */
  done: number;
  stopped: number;
}

export interface SeenFrame {
  readonly proxy: ExtImageCopyCaptureFrameV1Proxy;
  /** "transform 0", "damage 0,0 4x4", "time", "ready", "failed 1", in order. */
  readonly events: string[];
  timeNs: bigint;
}

/** A buffer whose pixels the test can look at. */
export interface CaptureBuffer {
  readonly proxy: WlBufferProxy;
  /** 0xAARRGGBB (or whatever the format's order is). */
  pixel(x: number, y: number): number;
  readonly memory: OwnedFd;
}

export class CaptureClient {
  readonly client: ShellClient;
  readonly manager: ExtImageCopyCaptureManagerV1Proxy;

  constructor(client: ShellClient) {
    this.client = client;
    this.manager = client.bind(ExtImageCopyCaptureManagerV1Proxy);
  }

  outputSource(index = 0): ExtImageCaptureSourceV1Proxy {
    const { registry } = this.client.display;
    const globals = [...registry.globals.values()].filter(
      (global) => global.interface === 'wl_output',
    );
    const global = globals[index];
    if (!global) throw new Error(`no output ${index}`);
    const output = registry.bind(WlOutputProxy, global);
    return this.client.bind(ExtOutputImageCaptureSourceManagerV1Proxy).createSource(output);
  }

  /** Of the windows listed, in the order of the list. Settles. */
  toplevelSources(settle: () => void): ExtImageCaptureSourceV1Proxy[] {
    const sources: ExtImageCaptureSourceV1Proxy[] = [];
    const manager = this.client.bind(ExtForeignToplevelImageCaptureSourceManagerV1Proxy);
    this.client.bind(ExtForeignToplevelListV1Proxy).handler = {
      toplevel: (_, handle) => sources.push(manager.createSource(handle)),
    };
    settle();
    return sources;
  }

  session(source: ExtImageCaptureSourceV1Proxy, options = 0): SeenSession {
    return watchSession(this.manager.createSession(source, options));
  }

  frame(session: SeenSession): SeenFrame {
    const proxy = session.proxy.createFrame();
    const frame: SeenFrame = { proxy, events: [], timeNs: -1n };
    proxy.handler = {
      transform: (_, transform) => frame.events.push(`transform ${transform}`),
      damage: (_, x, y, width, height) => frame.events.push(`damage ${x},${y} ${width}x${height}`),
      presentationTime: (_, hi, lo, nanoseconds) => {
        const seconds = (BigInt(hi) << 32n) | BigInt(lo);
        frame.timeNs = seconds * 1_000_000_000n + BigInt(nanoseconds);
        frame.events.push('time');
      },
      ready: () => frame.events.push('ready'),
      failed: (_, reason) => frame.events.push(`failed ${reason}`),
    };
    return frame;
  }

  /** A frame with everything asked for: attach, damage all, capture. */
  capture(session: SeenSession, buffer: CaptureBuffer, damageAll = true): SeenFrame {
    const frame = this.frame(session);
    frame.proxy.attachBuffer(buffer.proxy);
    const { width, height } = session.size;
    if (damageAll) frame.proxy.damageBuffer(0, 0, width, height);
    frame.proxy.capture();
    return frame;
  }

  /** Filled with 0x11 bytes. `format`: wl_shm's. */
  buffer(
    size: { width: number; height: number },
    format: number = WlShmFormat.argb8888,
  ): CaptureBuffer {
    const stride = size.width * BYTES_PER_PIXEL;
    const memory = new OwnedFd(native.memfdCreate('capture', 0));
    this.client.pools.push(memory);
    native.ftruncate(memory.fd, stride * size.height);
    native.pwrite(memory.fd, new Uint8Array(stride * size.height).fill(0x11), 0);
    const pool = this.client.shm.createPool(memory.fd, stride * size.height);
    const proxy = pool.createBuffer(0, size.width, size.height, stride, format as WlShmFormat);
    pool.destroy();
    return { proxy, memory, pixel: pixelReader(memory, stride) };
  }
}

/** Reads one pixel of shared memory. */
export function pixelReader(memory: OwnedFd, stride: number): (x: number, y: number) => number {
  return (x, y) => {
    const bytes = new Uint8Array(BYTES_PER_PIXEL);
    native.pread(memory.fd, bytes, y * stride + x * BYTES_PER_PIXEL);
    return new DataView(bytes.buffer).getUint32(0, true);
  };
}

export function watchSession(proxy: ExtImageCopyCaptureSessionV1Proxy): SeenSession {
  const session: SeenSession = {
    proxy,
    size: { width: 0, height: 0 },
    shmFormats: [],
    dmabufFormats: [],
    dmabufDevice: 0,
    done: 0,
    stopped: 0,
  };
  proxy.handler = {
    bufferSize: (_, width, height) => {
      session.size = { width, height };
    },
    shmFormat: (_, format) => session.shmFormats.push(format),
    dmabufDevice: (_, device) => {
      session.dmabufDevice = device.byteLength;
    },
    dmabufFormat: (_, format) => session.dmabufFormats.push(format),
    done: () => {
      session.done++;
    },
    stopped: () => {
      session.stopped++;
    },
  };
  return session;
}
