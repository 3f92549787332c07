/** zwp_linux_buffer_params_v1: from planes to a wl_buffer (linux-dmabuf-v1.xml). */
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { DmabufFences } from '../../devices/sync-kernel.ts';
import { ZwpLinuxBufferParamsV1Error } from '../../protocols/generated/linux-dmabuf-v1.interfaces.ts';
import { ZwpLinuxBufferParamsV1 } from '../../protocols/generated/linux-dmabuf-v1.server.ts';
import type {
  ZwpLinuxBufferParamsV1Requests,
  ZwpLinuxBufferParamsV1Resource,
} from '../../protocols/generated/linux-dmabuf-v1.server.ts';
import type { WlBufferResource } from '../../protocols/generated/wayland.server.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { ClientBuffer } from '../buffer/client-buffer.ts';
import { DmabufContent } from '../buffer/dmabuf-content.ts';
import type { DmabufTracker } from '../buffer/dmabuf-tracker.ts';
import { pixelFormat } from '../buffer/format.ts';
import type { PixelFormat } from '../buffer/format.ts';
import { ClientState } from '../client-state.ts';
import type { CompositorLog } from '../log.ts';

export const DRM_FORMAT_MOD_LINEAR = 0n;
const MAX_PLANES = 4;
/** sizeof(dev_t) */
const DEV_T_BYTES = 8;
const MAX_U32 = 0xffff_ffff;

interface Plane {
  readonly fd: OwnedFd;
  readonly offsetBytes: number;
  readonly strideBytes: number;
  readonly modifier: bigint;
}

/** What the client asks for, as it came over the wire. */
interface Wanted {
  readonly width: number;
  readonly height: number;
  readonly format: number;
  readonly flags: number;
}

/** Collects planes; used once. Its descriptors, each of them booked, go with the object, unless a buffer took them. */
export class DmabufParams implements ZwpLinuxBufferParamsV1Requests {
  readonly #fences: DmabufFences;
  readonly #tracker: DmabufTracker;
  readonly #log: CompositorLog;
  readonly #planes: (Plane | undefined)[] = [];
  #used = false;

  constructor(
    resource: ZwpLinuxBufferParamsV1Resource,
    fences: DmabufFences,
    tracker: DmabufTracker,
    log: CompositorLog,
  ) {
    this.#fences = fences;
    this.#tracker = tracker;
    this.#log = log;
    resource.handler = this;
    resource.addDestroyListener(() => {
      const state = ClientState.of(resource.client);
      for (const plane of this.#planes) {
        if (!plane) continue;
        plane.fd.close();
        state.give('bufferFds');
      }
    });
  }

  destroy(): void {}

  add(
    resource: ZwpLinuxBufferParamsV1Resource,
    fd: OwnedFd,
    planeIndex: number,
    offset: number,
    stride: number,
    modifierHi: number,
    modifierLo: number,
  ): void {
    const refuse = (code: number, message: string): never => {
      fd.close();
      throw new ProtocolError(resource, code, message);
    };
    const index = planeIndex >>> 0;
    if (this.#used) refuse(ZwpLinuxBufferParamsV1Error.alreadyUsed, 'add after create');
    if (index >= MAX_PLANES) refuse(ZwpLinuxBufferParamsV1Error.planeIdx, `plane ${index}`);
    if (this.#planes[index]) refuse(ZwpLinuxBufferParamsV1Error.planeSet, `plane ${index}`);
    if (!ClientState.of(resource.client).take('bufferFds')) {
      fd.close();
      resource.client.postNoMemory();
      return;
    }
    const modifier = (BigInt(modifierHi >>> 0) << 32n) | BigInt(modifierLo >>> 0);
    this.#planes[index] = {
      fd,
      offsetBytes: offset >>> 0,
      strideBytes: stride >>> 0,
      modifier,
    };
  }

  create(
    resource: ZwpLinuxBufferParamsV1Resource,
    width: number,
    height: number,
    format: number,
    flags: number,
  ): void {
    const wanted = { width, height, format: format >>> 0, flags };
    const content = this.#import(resource, wanted);
    if (!content) {
      ZwpLinuxBufferParamsV1.sendFailed(resource);
      return;
    }
    makeBuffer(ZwpLinuxBufferParamsV1.sendCreated(resource), content, this.#tracker);
  }

  createImmed(
    resource: ZwpLinuxBufferParamsV1Resource,
    id: WlBufferResource,
    width: number,
    height: number,
    format: number,
    flags: number,
  ): void {
    const wanted = { width, height, format: format >>> 0, flags };
    const content = this.#import(resource, wanted);
    if (!content) {
      throw new ProtocolError(
        resource,
        ZwpLinuxBufferParamsV1Error.invalidWlBuffer,
        'the dma-buf cannot be imported',
      );
    }
    makeBuffer(id, content, this.#tracker);
  }

  /** The CPU samples buffers of every device alike, so that only the form counts. */
  setSamplingDevice(resource: ZwpLinuxBufferParamsV1Resource, device: Uint8Array): void {
    if (device.byteLength === DEV_T_BYTES) return;
    const message = `dev_t of ${device.byteLength} bytes`;
    throw new ProtocolError(resource, ZwpLinuxBufferParamsV1Error.invalidDevTSize, message);
  }

  /** Undefined when it breaks no rule but cannot be imported. Throws ProtocolError for what breaks one. */
  #import(resource: ZwpLinuxBufferParamsV1Resource, wanted: Wanted): DmabufContent | undefined {
    const refuse = (code: number, message: string): never => {
      throw new ProtocolError(resource, code, message);
    };
    if (this.#used) refuse(ZwpLinuxBufferParamsV1Error.alreadyUsed, 'created before');
    this.#used = true;
    const [plane, ...others] = this.#planes;
    if (!plane) return refuse(ZwpLinuxBufferParamsV1Error.incomplete, 'plane 0 is missing');
    const format = pixelFormat(wanted.format);
    if (!format) {
      const name = wanted.format.toString(16);
      return refuse(ZwpLinuxBufferParamsV1Error.invalidFormat, `format 0x${name}`);
    }
    // All our formats have one plane.
    if (others.length > 0) refuse(ZwpLinuxBufferParamsV1Error.incomplete, 'too many planes');
    if (wanted.width <= 0 || wanted.height <= 0) {
      const size = `${wanted.width}x${wanted.height}`;
      refuse(ZwpLinuxBufferParamsV1Error.invalidDimensions, size);
    }
    const sizeBytes = dmabufSize(plane.fd.fd);
    checkBounds(resource, wanted, plane, format, sizeBytes);
    if (sizeBytes === undefined || !this.#isDmabuf(plane.fd.fd)) return undefined;
    if (wanted.flags !== 0 || plane.modifier !== DRM_FORMAT_MOD_LINEAR) return undefined;
    this.#planes.length = 0;
    const origin = this.#tracker.originOf(plane.fd.fd);
    return new DmabufContent(plane.fd, sizeBytes, { ...wanted, ...plane }, format, origin);
  }

  /** Asked by the way it will be used. */
  #isDmabuf(fd: number): boolean {
    try {
      this.#fences.exportSyncFile(fd, 'read').close();
      return true;
    } catch (error) {
      if (!hasErrno(error, 'ENOTTY') && !hasErrno(error, 'EINVAL')) {
        this.#log.warn(`a client's dma-buf cannot be imported: ${String(error)}`);
      }
      return false;
    }
  }
}

/** Undefined for what cannot be seeked: no dma-buf. */
function dmabufSize(fd: number): number | undefined {
  try {
    return native.seekEnd(fd);
  } catch {
    return undefined;
  }
}

function checkBounds(
  resource: ZwpLinuxBufferParamsV1Resource,
  { width, height }: Wanted,
  { offsetBytes, strideBytes }: Plane,
  format: PixelFormat,
  sizeBytes: number | undefined,
): void {
  const endBytes = offsetBytes + strideBytes * height;
  const rowFits = strideBytes >= width * format.bytesPerPixel;
  if (rowFits && endBytes <= MAX_U32 && (sizeBytes === undefined || endBytes <= sizeBytes)) return;
  throw new ProtocolError(
    resource,
    ZwpLinuxBufferParamsV1Error.outOfBounds,
    `${width}x${height}, stride ${strideBytes}, at ${offsetBytes} of ${sizeBytes ?? 'unknown'} bytes`,
  );
}

/** Books the buffer, whose descriptor is booked already; over budget the client gets no_memory. */
function makeBuffer(
  resource: WlBufferResource,
  content: DmabufContent,
  tracker: DmabufTracker,
): void {
  const state = ClientState.of(resource.client);
  const undo: (() => void)[] = [() => content.dispose(), () => state.give('bufferFds')];
  const dispose = (): void => {
    for (const step of undo) step();
  };
  if (!state.take('buffers')) return refuse(resource, dispose);
  undo.push(() => state.give('buffers'));
  const memory = state.memory.take('dmabuf', content.plane.fd, content.sizeBytes);
  if (!memory) return refuse(resource, dispose);
  tracker.track(content);
  undo.push(
    () => memory.release(),
    () => tracker.untrack(content),
  );
  new ClientBuffer(resource, { content, dispose });
}

function refuse(resource: WlBufferResource, dispose: () => void): void {
  dispose();
  resource.client.postNoMemory();
}
