/** How a test client draws: what becomes of each frame's work. */
import type { Need } from '../conform/conform-case.ts';
import { EIO } from '../../native/errno.ts';

/** What a user may set. */
export interface ClientSettings {
  /** GPU time of a frame. */
  readonly workMs: number;
  /** From the commit to its submission, for clients that commit first. */
  readonly delayMs: number;
  /** From this frame on (the first is 1) a behaviour is what its name says. */
  readonly from: number;
}

/** The fate of one frame's work. */
export interface FramePlan {
  /** 0: before its commit. */
  readonly submitAfterMs: number | 'never';
  readonly workMs: number;
  /** The fence ends with this (positive) errno. */
  readonly failsWith?: number;
}

export interface Behaviour {
  readonly name: string;
  /** One sentence for `--list`. */
  readonly description: string;
  /** What it needs beyond a compositor with explicit sync and a GPU. */
  readonly needs: readonly Need[];
  /** When its GPU goes: ends the points it can no longer submit, through another GPU, and draws on there. Else it leaves. */
  readonly rescues: boolean;
  plan(frame: number, settings: ClientSettings): FramePlan;
}

const HANG_MS = 3000;

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'steady',
    description: 'submits each frame, then commits it',
    needs: [],
    rescues: false,
    plan: (_, { workMs }) => ({ submitAfterMs: 0, workMs }),
  },
  {
    name: 'wait-before-submit',
    description: 'commits each frame, then submits it (--delay)',
    needs: [],
    rescues: false,
    plan: (_, { workMs, delayMs }) => ({ submitAfterMs: delayMs, workMs }),
  },
  {
    name: 'never-signals',
    description: 'from a frame on (--from) submits nothing any more',
    needs: [],
    rescues: false,
    plan: (frame, { workMs, from }) => ({
      submitAfterMs: frame >= from ? 'never' : 0,
      workMs,
    }),
  },
  {
    name: 'failed-fence',
    description: 'from a frame on (--from) the fence of every other frame ends with EIO',
    needs: ['failing-fences'],
    rescues: false,
    plan: (frame, { workMs, from }) => ({
      submitAfterMs: 0,
      workMs,
      ...(frame >= from && (frame - from) % 2 === 0 && { failsWith: EIO }),
    }),
  },
  {
    name: 'hang',
    description: 'one frame (--from) takes three seconds of GPU time',
    needs: ['fences'],
    rescues: false,
    plan: (frame, { workMs, from }) => ({
      submitAfterMs: 0,
      workMs: frame === from ? HANG_MS : workMs,
    }),
  },
  {
    name: 'unplug-rescue',
    description:
      'commits, then submits (--delay); when its GPU goes, it ends the points left over through another GPU and draws on there',
    needs: [],
    rescues: true,
    plan: (_, { workMs, delayMs }) => ({ submitAfterMs: delayMs, workMs }),
  },
];

/** Throws a RangeError naming the known ones. */
export function behaviourNamed(name: string): Behaviour {
  const found = BEHAVIOURS.find((behaviour) => behaviour.name === name);
  if (found) return found;
  const known = BEHAVIOURS.map((behaviour) => behaviour.name).join(', ');
  throw new RangeError(`no client "${name}"; known: ${known}`);
}
