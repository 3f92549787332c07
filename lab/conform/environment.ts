/** What all cases of one run share. */
import type { Poller } from '../../native/poller.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import type { BufferAllocator, TestGpus } from './test-gpus.ts';
import type { Need } from './conform-case.ts';

export interface Environment {
  readonly poller: Poller;
  /** Display socket; undefined: the process's WAYLAND_DISPLAY. */
  readonly socket: string | undefined;
  /** Undefined: there are none, see {@link missing}. */
  readonly gpus: TestGpus | undefined;
  /** The GPU the clients' timelines are made on. */
  readonly clientGpu: DeviceId | undefined;
  /** The GPU the compositor is believed to import timelines through. */
  readonly importGpu: DeviceId | undefined;
  /** Why a case with this need cannot be judged here. */
  readonly missing: ReadonlyMap<Need, string>;
  /** How long something that must happen may take. */
  readonly patienceMs: number;
  /** The compositor ends after a case that pulls a GPU, so that it need not be brought back to its own GPU for the next. */
  readonly startedForSuite: boolean;
  /** The way of making buffers this compositor took before. */
  knownAllocator: BufferAllocator | undefined;
}

/** How long to look for what must not happen, as a part of the patience. */
export const QUIET_SHARE: number = 1 / 20;
