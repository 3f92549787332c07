/** Clients' buffers as wl_buffers of the host: made when first shown, as often as the host holds one of them. */
import { native } from '../../native/binding.ts';
import type {
  ZwpLinuxBufferParamsV1Proxy,
  ZwpLinuxDmabufV1Proxy,
} from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import type {
  BufferContent,
  DmabufPlane,
  SharedMemory,
  SolidColor,
} from '../buffer/buffer-content.ts';
import type { BufferUse } from '../buffer/buffer-use.ts';
import { ARGB8888, XRGB8888 } from '../buffer/format.ts';
import type { HostConnection } from './host-connection.ts';
import type { CopyReason } from './layer-plan.ts';

const F_SEAL_SHRINK = 2;
const NO_FLAGS = 0;
/** wl_buffers of the host for one of a client's: one for each use the host has not ended. */
const MAX_IMPORTS = 4;

/** A client's buffer in the host. */
export interface HostImport {
  readonly proxy: WlBufferProxy;
  /** The host has it, and has not said wl_buffer.release. */
  busy: boolean;
  /** Told of wl_buffer.release. */
  released: (() => void) | undefined;
}

interface ImportsOfContent {
  readonly imports: HostImport[];
  /** While the host thinks about a dma-buf. */
  asked: ZwpLinuxBufferParamsV1Proxy | undefined;
  refused: CopyReason | undefined;
  disposed: boolean;
}

export class HostImports {
  readonly #host: HostConnection;
  readonly #ready: () => void;
  readonly #contents = new Map<BufferContent, ImportsOfContent>();

  /** `ready`: an import that was not ready when asked for now is. */
  constructor(host: HostConnection, ready: () => void) {
    this.#host = host;
    this.#ready = ready;
  }

  get size(): number {
    let size = 0;
    for (const { imports } of this.#contents.values()) size += imports.length;
    return size;
  }

  /**
   * A wl_buffer of the host for this use, or why there is none. `shared`: the use is told apart by a release point, so that one
   * wl_buffer can serve several uses. SystemError: no descriptor to send it with.
   */
  take({ content, buffer }: BufferUse, shared: boolean): HostImport | CopyReason {
    const known = this.#contents.get(content);
    const entry = known ?? { imports: [], asked: undefined, refused: undefined, disposed: false };
    if (!known) {
      this.#contents.set(content, entry);
      buffer.onDisposed(() => this.#drop(content, entry));
    }
    const free = entry.imports.find(({ busy }) => shared || !busy);
    if (free) return free;
    if (entry.refused) return entry.refused;
    if (entry.imports.length >= MAX_IMPORTS) return 'too many uses';
    if (content.plane) return this.#importDmabuf(content, content.plane, entry);
    const proxy = content.solid ? this.#importSolid(content.solid) : this.#importShm(content);
    if (typeof proxy !== 'string') return this.#add(entry, proxy);
    entry.refused = proxy;
    return proxy;
  }

  dispose(): void {
    for (const [content, entry] of this.#contents) this.#drop(content, entry);
  }

  #importSolid({ red, green, blue, alpha }: SolidColor): WlBufferProxy | CopyReason {
    return (
      this.#host.singlePixel?.createU32RgbaBuffer(red, green, blue, alpha) ??
      'host lacks the protocol'
    );
  }

  #importShm(content: BufferContent): WlBufferProxy | CopyReason {
    const code = shmFormat(content.format);
    if (!this.#host.shmFormats.has(code)) return 'format';
    const { shared } = content;
    if (!shared) return 'memory not sealed';
    const endBytes = shared.offsetBytes + shared.strideBytes * content.height;
    if (!safeInOtherHands(shared, endBytes)) return 'memory not sealed';
    const pool = this.#host.shm.createPool(shared.fd, endBytes);
    const { width, height } = content;
    const { offsetBytes, strideBytes } = shared;
    const proxy = pool.createBuffer(offsetBytes, width, height, strideBytes, code);
    pool.destroy();
    return proxy;
  }

  /** Asked for politely: create_immed would have the host end us for a client's dma-buf it cannot use. */
  #importDmabuf(content: BufferContent, plane: DmabufPlane, entry: ImportsOfContent): CopyReason {
    const { dmabuf, dmabufFormats } = this.#host;
    if (!dmabuf) return (entry.refused = 'host lacks the protocol');
    if (!dmabufFormats.has(content.format)) return (entry.refused = 'format');
    entry.asked ??= this.#ask(dmabuf, content, plane, entry);
    return 'being imported';
  }

  #ask(
    dmabuf: ZwpLinuxDmabufV1Proxy,
    { width, height, format }: BufferContent,
    plane: DmabufPlane,
    entry: ImportsOfContent,
  ): ZwpLinuxBufferParamsV1Proxy {
    const params = dmabuf.createParams();
    const { fd, offsetBytes, strideBytes, modifier } = plane;
    const high = Number(modifier >> 32n);
    const low = Number(modifier & 0xffff_ffffn);
    try {
      params.add(fd, 0, offsetBytes, strideBytes, high, low);
    } catch (error) {
      params.destroy();
      throw error;
    }
    params.handler = {
      created: (_, proxy) => {
        params.destroy();
        entry.asked = undefined;
        if (entry.disposed) return proxy.destroy();
        this.#add(entry, proxy);
        this.#ready();
      },
      failed: () => {
        params.destroy();
        entry.asked = undefined;
        entry.refused = 'import refused';
      },
    };
    params.create(width, height, format, NO_FLAGS);
    return params;
  }

  #add(entry: ImportsOfContent, proxy: WlBufferProxy): HostImport {
    const made: HostImport = { proxy, busy: false, released: undefined };
    proxy.handler = {
      release: () => {
        made.busy = false;
        const { released } = made;
        made.released = undefined;
        released?.();
      },
    };
    entry.imports.push(made);
    return made;
  }

  #drop(content: BufferContent, entry: ImportsOfContent): void {
    // With an answer on its way its params stay: they make the buffer known that is to be destroyed.
    entry.disposed = true;
    this.#contents.delete(content);
    for (const { proxy } of entry.imports) proxy.destroy();
  }
}

/** wl_shm.format: fourccs, but for the two oldest. */
function shmFormat(fourcc: number): WlShmFormat {
  if (fourcc === ARGB8888) return 0;
  if (fourcc === XRGB8888) return 1;
  // wl_shm.format lists all fourccs.
  return fourcc as WlShmFormat;
}

/**
 * Whether a host can map the file without harm: it is long enough and stays so (what a truncated pool costs is the connection of
 * who passed it on, which is ours), and it may be mapped writable, as some hosts do.
 */
function safeInOtherHands({ fd, writable }: SharedMemory, endBytes: number): boolean {
  try {
    const sealed = (native.getSeals(fd) & F_SEAL_SHRINK) !== 0;
    return writable && sealed && native.seekEnd(fd) >= endBytes;
  } catch {
    return false;
  }
}
