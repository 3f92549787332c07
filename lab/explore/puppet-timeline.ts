/** A client's syncobj: its points, the protocol object, and the descriptor that outlives devices. */
import { native } from '../../native/binding.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';
import type {
  WpLinuxDrmSyncobjManagerV1Proxy,
  WpLinuxDrmSyncobjTimelineV1Proxy,
} from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { TimelineTruth, type CommitTruth } from './truth.ts';

/** A point that was committed and has no work yet. */
export interface Unsubmitted {
  readonly timeline: PuppetTimeline;
  readonly point: bigint;
  readonly commit: CommitTruth;
}

export class PuppetTimeline {
  readonly truth: TimelineTruth = new TimelineTruth();
  readonly identity: bigint;
  readonly #manager: WpLinuxDrmSyncobjManagerV1Proxy;
  readonly #fd: OwnedFd;
  readonly #handles = new Map<SyncobjDevice, SyncobjHandle>();
  #object: WpLinuxDrmSyncobjTimelineV1Proxy | undefined;
  #last = 0n;
  /** Points left out, highest last. */
  #skipped: bigint[] = [];
  #planned: Unsubmitted[] = [];

  /** DeviceLostError when the device is gone. */
  constructor(device: SyncobjDevice, manager: WpLinuxDrmSyncobjManagerV1Proxy) {
    const handle = device.createTimeline();
    this.#handles.set(device, handle);
    this.#fd = device.exportTimelineFd(handle);
    this.identity = native.fileIdentity(this.#fd.fd);
    this.#manager = manager;
  }

  /** In the order of their points, which is the order work can be submitted in. */
  get unsubmitted(): Unsubmitted[] {
    this.#planned = this.#planned
      .filter(({ commit }) => commit.work === undefined)
      .sort((first, second) => Number(first.point - second.point));
    return this.#planned;
  }

  /** A new point; `low`: one that was skipped before, if there is any. */
  nextPoint(skip: number, low: boolean): bigint {
    if (low) {
      const skipped = this.#skipped.pop();
      if (skipped !== undefined) return skipped;
    }
    for (let count = 0; count < skip; count++) this.#skipped.push(++this.#last);
    return ++this.#last;
  }

  planned(commit: CommitTruth): void {
    this.truth.acquire(commit);
    this.#planned.push({ timeline: this, point: commit.acquirePoint, commit });
  }

  /** The protocol object, imported again when it was destroyed. */
  object(): WpLinuxDrmSyncobjTimelineV1Proxy {
    this.#object ??= this.#manager.importTimeline(this.#fd.fd);
    return this.#object;
  }

  forget(): void {
    this.#object?.destroy();
    this.#object = undefined;
  }

  /** DeviceLostError when that device is gone. */
  handleOn(device: SyncobjDevice): SyncobjHandle {
    const known = this.#handles.get(device);
    if (known !== undefined) return known;
    const handle = device.importTimeline(this.#fd.fd);
    this.#handles.set(device, handle);
    return handle;
  }

  close(): void {
    this.#fd.close();
  }
}
