/** The device of the host: what is allocated there it can take (linux-dmabuf-v1.xml: zwp_linux_dmabuf_feedback_v1.main_device). */
import type {
  ZwpLinuxDmabufFeedbackV1Proxy,
  ZwpLinuxDmabufV1Proxy,
} from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import type { AllocationHint } from '../buffer/allocation-hint.ts';

const DEV_T_BYTES = 8;

export class HostAllocation implements AllocationHint {
  readonly #listeners = new Set<() => void>();
  #device: bigint | undefined;
  /** Told, in effect with `done`. */
  #next: bigint | undefined;

  /** Of a host that gives feedback with a main device: versions 4 and 5. */
  constructor(dmabuf: ZwpLinuxDmabufV1Proxy) {
    const feedback: ZwpLinuxDmabufFeedbackV1Proxy = dmabuf.getDefaultFeedback();
    feedback.handler = {
      formatTable: (_, fd) => fd.close(),
      mainDevice: (_, device) => {
        if (device.byteLength !== DEV_T_BYTES) return;
        this.#next = new DataView(device.buffer, device.byteOffset).getBigUint64(0, true);
      },
      done: () => this.#done(),
    };
  }

  get device(): bigint | undefined {
    return this.#device;
  }

  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #done(): void {
    if (this.#next === this.#device) return;
    this.#device = this.#next;
    for (const listener of this.#listeners) listener();
  }
}
