/** What one process has of a simulated kernel that lives in another: its open devices and fences, and the requests it makes. */
import { systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { ENFILE, ENOENT } from '../../native/errno.ts';
import type { SyncobjDevice, SyncobjHandle } from '../syncobj-device.ts';
import {
  fdField,
  invalid,
  numberField,
  numbersField,
  oneOf,
  pointField,
  pointsField,
  textField,
} from './sim-fields.ts';
import type { SimFence } from './sim-fence.ts';
import type { ReceivedMessage, SimMessage } from './sim-messages.ts';
import type { SimulatedKernel } from './simulated-kernel.ts';

/** The answer to a request; its descriptors are closed by the sender once sent. */
export interface SimAnswer {
  readonly result?: unknown;
  readonly fds?: readonly OwnedFd[];
}

/** Per process. A real one is bounded by its own descriptor limit; here everything would be on the server's account. */
const MAX_OPEN_DEVICES = 64;
const MAX_FENCES = 4096;
const MAX_DMABUF_BYTES = 256 << 20;
const ACCESS = ['read', 'write'] as const;

/** See the file comment. */
export class SimSession {
  readonly #kernel: SimulatedKernel;
  readonly #devices = new Map<number, SyncobjDevice>();
  readonly #fences = new Map<number, SimFence>();
  #nextNumber = 1;

  constructor(kernel: SimulatedKernel) {
    this.#kernel = kernel;
  }

  /** Does what a request asks. SystemError, DeviceLostError: for the requester. The request's descriptors stay its own. */
  handle({ body, fds }: ReceivedMessage): SimAnswer {
    switch (body['op']) {
      case 'nodes':
        return { result: this.#kernel.listNodes().map(toWireNode) };
      case 'open':
        return { result: this.#open(textField(body, 'path')) };
      case 'close':
        this.#device(body).close();
        this.#devices.delete(numberField(body, 'device'));
        return {};
      case 'device':
        return this.#use(this.#device(body), body, fds);
      case 'info':
        return { result: this.#info(fdField(fds, 0)) };
      case 'merge':
        return { fds: [this.#kernel.syncFiles.merge(fdField(fds, 0), fdField(fds, 1))] };
      case 'dmabufExport': {
        const access = oneOf(body, 'access', ACCESS);
        return { fds: [this.#kernel.dmabufs.exportSyncFile(fdField(fds, 0), access)] };
      }
      case 'dmabufImport': {
        const access = oneOf(body, 'access', ACCESS);
        this.#kernel.dmabufs.importSyncFile(fdField(fds, 0), fdField(fds, 1), access);
        return {};
      }
      case 'dmabufCreate':
        return { fds: [this.#createDmabuf(body)] };
      case 'fence':
        return { result: this.#createFence(body) };
      case 'fenceEnd': {
        const fence = this.#fence(body);
        const errno = numberField(body, 'errno');
        this.#fences.delete(numberField(body, 'fence'));
        return { result: errno === 0 ? fence.signal() : fence.fail(errno) };
      }
      case 'fenceExport':
        return { fds: [this.#fence(body).exportSyncFile()] };
      case 'submit': {
        const handle = numberField(body, 'handle') as SyncobjHandle;
        const fence = this.#fence(body);
        this.#kernel.submit(this.#device(body), handle, pointField(body, 'point'), fence);
        return {};
      }
      case 'unplug':
        this.#kernel.removeDevice(textField(body, 'id'));
        return {};
      case 'plug':
        this.#kernel.addDevice({ id: textField(body, 'id') });
        return {};
      default:
        throw invalid('no such operation');
    }
  }

  /** The process has gone: its devices are closed. Its pending fences stay pending, as a driver's whose client was killed may. */
  dispose(): void {
    for (const device of this.#devices.values()) device.close();
    this.#devices.clear();
    this.#fences.clear();
  }

  #open(path: string): object {
    if (this.#devices.size >= MAX_OPEN_DEVICES) throw systemError(ENFILE, 'open', path);
    const node = this.#kernel.listNodes().find((candidate) => candidate.path === path);
    if (!node) throw systemError(ENOENT, 'open', path);
    const device = this.#kernel.openDevice(node);
    const number = this.#nextNumber++;
    this.#devices.set(number, device);
    return {
      device: number,
      id: device.id,
      label: device.label,
      capabilities: device.capabilities,
    };
  }

  #use(device: SyncobjDevice, body: SimMessage, fds: readonly OwnedFd[]): SimAnswer {
    const handle = (name = 'handle'): SyncobjHandle => numberField(body, name) as SyncobjHandle;
    const handles = (): Uint32Array => Uint32Array.from(numbersField(body, 'handles'));
    switch (body['operation']) {
      case 'importTimeline':
        return { result: device.importTimeline(fdField(fds, 0)) };
      case 'createTimeline':
        return { result: device.createTimeline() };
      case 'destroy':
        device.destroy(handle());
        return {};
      case 'exportTimelineFd':
        return { fds: [device.exportTimelineFd(handle())] };
      case 'exportSyncFile': {
        const syncFile = device.exportSyncFile(handle(), pointField(body, 'point'));
        return { fds: syncFile ? [syncFile] : [] };
      }
      case 'importSyncFile':
        device.importSyncFile(handle(), pointField(body, 'point'), fdField(fds, 0));
        return {};
      case 'arm': {
        const phase = oneOf(body, 'phase', ['available', 'signalled']);
        device.arm(handle(), pointField(body, 'point'), phase, fdField(fds, 0));
        return {};
      }
      case 'query': {
        const list = handles();
        const points = new BigUint64Array(list.length);
        device.query(list, points, list.length, oneOf(body, 'kind', ['signalled', 'submitted']));
        return { result: Array.from(points, String) };
      }
      case 'signal': {
        const list = handles();
        const points = BigUint64Array.from(pointsField(body, 'points'));
        if (points.length !== list.length) throw invalid('handles and points differ in number');
        device.signal(list, points, list.length);
        return {};
      }
      case 'reset': {
        const list = handles();
        device.reset(list, list.length);
        return {};
      }
      case 'signalBinary': {
        const list = handles();
        device.signalBinary(list, list.length);
        return {};
      }
      case 'transfer':
        device.transfer(
          handle('source'),
          pointField(body, 'sourcePoint'),
          handle('target'),
          pointField(body, 'targetPoint'),
        );
        return {};
      default:
        throw invalid('no such device operation');
    }
  }

  #info(fd: number): object {
    const { status, fences } = this.#kernel.syncFiles.info(fd);
    return {
      status,
      fences: fences.map((fence) => ({
        status: fence.status,
        timestampNs: String(fence.timestampNs),
      })),
    };
  }

  #createDmabuf(body: SimMessage): OwnedFd {
    const sizeBytes = numberField(body, 'sizeBytes');
    if (sizeBytes === 0 || sizeBytes > MAX_DMABUF_BYTES) throw invalid(`${sizeBytes} bytes`);
    return this.#kernel.createDmabuf(textField(body, 'id'), sizeBytes).fd;
  }

  #createFence(body: SimMessage): number {
    if (this.#fences.size >= MAX_FENCES) throw systemError(ENFILE, 'fence', 'too many');
    const deviceId = body['deviceId'] === undefined ? undefined : textField(body, 'deviceId');
    const fence = this.#kernel.createFence(deviceId === undefined ? {} : { deviceId });
    const number = this.#nextNumber++;
    this.#fences.set(number, fence);
    return number;
  }

  #device(body: SimMessage): SyncobjDevice {
    const device = this.#devices.get(numberField(body, 'device'));
    if (!device) throw invalid('no such open device');
    return device;
  }

  #fence(body: SimMessage): SimFence {
    const fence = this.#fences.get(numberField(body, 'fence'));
    if (!fence) throw invalid('no such fence');
    return fence;
  }
}

function toWireNode(node: {
  readonly id: string;
  readonly path: string;
  readonly driver: string;
  readonly kind: string;
  readonly rdev: bigint;
}): object {
  const { id, path, driver, kind, rdev } = node;
  return { id, path, driver, kind, rdev: String(rdev) };
}
