/** A case of the suite: a rule, and a client that finds out whether the compositor keeps to it. */
import type { CaseRun } from './case-run.ts';

/**
 * What a case needs beyond a compositor; where it is missing the case is skipped.
 *
 * - `syncobj`: the compositor offers wp_linux_drm_syncobj_manager_v1, xdg_wm_base and linux-dmabuf, and there is a GPU for timelines.
 * - `fences`: pending fences can be made; `failing-fences`: and ended with an error.
 * - `two-gpus`: the client's GPU is another than the one the compositor imports through.
 * - `unplug`: GPUs can be pulled and plugged in.
 * - `shm`: wl_shm and xdg_wm_base.
 */
export type Need = 'syncobj' | 'fences' | 'failing-fences' | 'two-gpus' | 'unplug' | 'shm';

/** What a case rests on. */
export type Basis =
  | {
      /** The text of the protocol asks for it. */
      readonly basis: 'protocol';
      /** Where: an interface's request or error, as in "wl_surface.commit". */
      readonly source: string;
    }
  | {
      /** The text is silent, but a compositor without it hangs, leaks or loses clients. */
      readonly basis: 'robustness';
      readonly source?: never;
    };

export type ConformCase = Basis & {
  readonly name: string;
  /** What is asked of the compositor, in one or two sentences. */
  readonly rule: string;
  readonly needs: readonly Need[];
  /** Resolves to what was seen, when that is worth telling. Throws CaseFailedError or CaseSkippedError. */
  run(run: CaseRun): Promise<string | void>;
};
