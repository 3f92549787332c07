/** zwp_linux_dmabuf_v1 and its feedback (linux-dmabuf-v1.xml): linear, one plane, read by the CPU or passed through. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { Disposable } from '../../native/lifetime.ts';
import type { SyncKernel } from '../../devices/sync-kernel.ts';
import { ZwpLinuxDmabufFeedbackV1TrancheFlags } from '../../protocols/generated/linux-dmabuf-v1.interfaces.ts';
import {
  ZwpLinuxDmabufFeedbackV1,
  ZwpLinuxDmabufV1,
} from '../../protocols/generated/linux-dmabuf-v1.server.ts';
import type {
  ZwpLinuxDmabufFeedbackV1Resource,
  ZwpLinuxDmabufV1Requests,
  ZwpLinuxDmabufV1Resource,
} from '../../protocols/generated/linux-dmabuf-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { guarded } from '../../sync/guarded.ts';
import type { AllocationHint } from '../buffer/allocation-hint.ts';
import type { DmabufTracker } from '../buffer/dmabuf-tracker.ts';
import type { HandlerContext } from '../handler-context.ts';
import { drawableFormats } from '../render/formats.ts';
import { DRM_FORMAT_MOD_LINEAR, DmabufParams } from './dmabuf-params.ts';

/** Feedback names a main device: without one the last version that can do without it. */
const FEEDBACK_VERSION = 6;
const PLAIN_VERSION = 3;
const MODIFIER_SINCE = 3;
const FEEDBACK_SINCE = 4;
/** From here on tranches say what their device is for, and main_device is no longer sent. */
const SAMPLING_SINCE = 6;
/** Format (u32), padding, modifier (u64): linux-dmabuf-v1.xml, format_table. */
const TABLE_ENTRY_BYTES = 16;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_SEAL_ALL = 0xf;

/** The global and what lives as long as it: the format table, the feedback objects to tell of another main device. */
export class LinuxDmabuf implements Disposable {
  readonly #kernel: SyncKernel;
  readonly #table = formatTable();
  readonly #feedbacks = new Set<ZwpLinuxDmabufFeedbackV1Resource>();
  readonly #hint: AllocationHint | undefined;
  readonly #subscription: { unsubscribe(): void };
  readonly #unlisten: (() => void) | undefined;
  readonly #offer: () => Global;
  #global: Global;
  #mainDevice: bigint | undefined;

  constructor(
    context: HandlerContext,
    kernel: SyncKernel,
    tracker: DmabufTracker,
    hint?: AllocationHint,
  ) {
    this.#kernel = kernel;
    this.#hint = hint;
    this.#mainDevice = this.#bestDevice();
    const requests = this.#requests(context, tracker);
    this.#offer = () =>
      context.display.createGlobal(
        ZwpLinuxDmabufV1,
        this.#mainDevice === undefined ? PLAIN_VERSION : FEEDBACK_VERSION,
        (resource) => {
          resource.handler = requests;
          sendFormats(resource);
        },
      );
    this.#global = this.#offer();
    const failed = (error: unknown): void => context.log.error('following devices failed', error);
    const next = (): void => this.#devicesChanged();
    this.#subscription = context.sync.devices$.subscribe(guarded({ next, error: failed }, failed));
    this.#unlisten = hint?.onChanged(() => this.#devicesChanged());
  }

  dispose(): void {
    this.#subscription.unsubscribe();
    this.#unlisten?.();
    this.#table.close();
  }

  #requests(context: HandlerContext, tracker: DmabufTracker): ZwpLinuxDmabufV1Requests {
    const feedback = (id: ZwpLinuxDmabufFeedbackV1Resource): void => {
      id.handler = { destroy: () => undefined };
      this.#feedbacks.add(id);
      id.addDestroyListener(() => this.#feedbacks.delete(id));
      this.#sendFeedback(id);
    };
    return {
      destroy: () => undefined,
      createParams: (_resource, id) => {
        new DmabufParams(id, this.#kernel.dmabufs, tracker, context.log);
      },
      getDefaultFeedback: (_resource, id) => feedback(id),
      getSurfaceFeedback: (_resource, id) => feedback(id),
    };
  }

  #sendFeedback(resource: ZwpLinuxDmabufFeedbackV1Resource): void {
    const device = new Uint8Array(BigUint64Array.of(this.#mainDevice ?? 0n).buffer);
    const indices = new Uint8Array(Uint16Array.from(drawableFormats.keys()).buffer);
    const sizeBytes = drawableFormats.length * TABLE_ENTRY_BYTES;
    ZwpLinuxDmabufFeedbackV1.sendFormatTable(resource, this.#table.fd, sizeBytes);
    const plain = resource.version < SAMPLING_SINCE;
    if (plain) ZwpLinuxDmabufFeedbackV1.sendMainDevice(resource, device);
    ZwpLinuxDmabufFeedbackV1.sendTrancheTargetDevice(resource, device);
    ZwpLinuxDmabufFeedbackV1.sendTrancheFlags(
      resource,
      plain ? 0 : ZwpLinuxDmabufFeedbackV1TrancheFlags.sampling,
    );
    ZwpLinuxDmabufFeedbackV1.sendTrancheFormats(resource, indices);
    ZwpLinuxDmabufFeedbackV1.sendTrancheDone(resource);
    ZwpLinuxDmabufFeedbackV1.sendDone(resource);
  }

  #bestDevice(): bigint | undefined {
    return this.#hint?.device ?? mainDevice(this.#kernel);
  }

  /**
   * Clients allocate on the main device: when it goes they are told the next one. With none left the old one stays told. The first
   * one there is brings a global of its own, in the version that names it.
   */
  #devicesChanged(): void {
    const device = this.#bestDevice();
    if (device === undefined || device === this.#mainDevice) return;
    const isFirst = this.#mainDevice === undefined;
    this.#mainDevice = device;
    if (isFirst) {
      this.#global.remove();
      this.#global = this.#offer();
    }
    for (const resource of this.#feedbacks) this.#sendFeedback(resource);
  }
}

/** dev_t of the render node of ours that is best for clients to allocate on; undefined: there is none. */
export function mainDevice(kernel: SyncKernel): bigint | undefined {
  return kernel.listNodes().find(({ kind }) => kind === 'render')?.rdev;
}

function sendFormats(resource: ZwpLinuxDmabufV1Resource): void {
  if (resource.version >= FEEDBACK_SINCE) return;
  for (const format of drawableFormats) {
    if (resource.version < MODIFIER_SINCE) ZwpLinuxDmabufV1.sendFormat(resource, format);
    else ZwpLinuxDmabufV1.sendModifier(resource, format, 0, Number(DRM_FORMAT_MOD_LINEAR));
  }
}

/** A sealed memfd: all clients map the same one. */
function formatTable(): OwnedFd {
  const entries = new BigUint64Array(2 * drawableFormats.length);
  drawableFormats.forEach((format, index) => {
    entries[2 * index] = BigInt(format >>> 0);
    entries[2 * index + 1] = DRM_FORMAT_MOD_LINEAR;
  });
  const fd = new OwnedFd(
    native.memfdCreate('dma-buf format table', MFD_CLOEXEC | MFD_ALLOW_SEALING),
  );
  native.pwrite(fd.fd, new Uint8Array(entries.buffer), 0);
  native.addSeals(fd.fd, F_SEAL_ALL);
  return fd;
}
