/** The tests of the compositor bench that a client program plays, and what is asked of their ratios to weston's. */
import type { ClientReport } from '../wire/peers.ts';

export interface DesktopTest {
  readonly name: string;
  /** The client program's own name of it. */
  readonly run: string;
  /**
   * Of the same length for all servers. Long enough that what is compared is the work of a server in use: our first thousands of
   * commits are interpreted.
   */
  readonly warmUpIterations: number;
  readonly iterations: number;
  /** `shown`: the figure in `unit` that stands for one side. */
  readonly unit: string;
  shown(report: ClientReport): number;
  /** The frame clock sets the pace: only the CPU time is compared. */
  readonly paced?: boolean;
  /** One round trip each: no server can take less than one that answers and does nothing else (the wire bench's floors). */
  readonly floored?: boolean;
  readonly target?: {
    readonly text: string;
    reached(figures: { wallRatio: number; cpuRatio: number; shown: number }): boolean;
  };
}

const WINDOWS = 100;
/** Every frame of a 60 Hz output, but for one at each end of the run. */
const FULL_RATE = 58;

const AT_LEAST_EQUAL: NonNullable<DesktopTest['target']> = {
  text: 'wall ≥ 1, CPU ≥ 1',
  reached: ({ wallRatio, cpuRatio }) => wallRatio >= 1 && cpuRatio >= 1,
};

export const DESKTOP_TESTS: readonly DesktopTest[] = [
  {
    name: 'compositor-round-trip',
    run: 'syncs',
    warmUpIterations: 5_000,
    iterations: 5_000,
    floored: true,
    unit: 'ns/round trip',
    shown: wallNsEach,
  },
  {
    name: 'compositor-commit',
    run: 'commits',
    warmUpIterations: 5_000,
    iterations: 5_000,
    floored: true,
    unit: 'ns/commit',
    shown: wallNsEach,
    target: AT_LEAST_EQUAL,
  },
  {
    name: 'compositor-commit-100-windows',
    run: 'many',
    warmUpIterations: 200,
    iterations: 200,
    unit: 'ns/commit',
    shown: wallNsEach,
    target: AT_LEAST_EQUAL,
  },
  {
    name: 'compositor-frame-1024x640',
    run: 'frames',
    warmUpIterations: 30,
    iterations: 90,
    unit: 'ns CPU/frame',
    shown: ({ cpuNs, messages }) => cpuNs / messages,
    paced: true,
    target: { text: 'CPU ≥ 1', reached: ({ cpuRatio }) => cpuRatio >= 1 },
  },
  {
    name: 'compositor-frames-100-windows',
    run: 'many-frames',
    warmUpIterations: 60,
    iterations: 120,
    unit: 'frames/s a window',
    shown: ({ messages, wallNs }) => (messages * 1e9) / wallNs / WINDOWS,
    paced: true,
    target: { text: `≥ ${FULL_RATE}/s`, reached: ({ shown }) => shown >= FULL_RATE },
  },
];

function wallNsEach({ wallNs, messages }: ClientReport): number {
  return wallNs / messages;
}
