/** How long to wait for what must happen: long enough on a slow machine, so that slowness is not taken for a failure. */
import { native } from '../../native/binding.ts';
import { Bystander } from './bystander.ts';
import type { CaseRun } from './case-run.ts';
import { CaseFailedError, CaseSkippedError } from './verdicts.ts';

const SHORTEST_PATIENCE_MS = 5_000;
export const LONGEST_PATIENCE_MS = 60_000;
/** Emulated processors take a minute to load a compositor with its renderer. */
export const LONGEST_START_MS = 180_000;
/** The cases ask for a few frames in a row at most, and for a hundred small requests. */
const FRAMES_IN_A_WAIT = 25;
const MEASURED_FRAMES = 10;

/**
 * Draws some frames as a plain client and derives the patience from their pace; the first, for which a renderer may be compiled, counts
 * as something that can happen again within a wait. A compositor that shows a plain client nothing (or has no `shm`: why not) gets the
 * shortest one.
 */
export async function measurePatience(
  run: CaseRun,
  withoutShm: string | undefined,
): Promise<number> {
  if (withoutShm !== undefined) return SHORTEST_PATIENCE_MS;
  try {
    const startNs = native.monotonicNs();
    const bystander = await Bystander.start(run);
    const firstMs = millisecondsSince(startNs);
    const { frames } = bystander;
    const pacedNs = native.monotonicNs();
    await run.until(() => bystander.frames >= frames + MEASURED_FRAMES);
    return patienceFor(firstMs, millisecondsSince(pacedNs) / MEASURED_FRAMES);
  } catch (error) {
    // The cases will tell what is wrong.
    if (!(error instanceof CaseFailedError || error instanceof CaseSkippedError)) throw error;
    return SHORTEST_PATIENCE_MS;
  }
}

/** From the time a window took to appear and the pace of its frames. */
export function patienceFor(firstMs: number, frameMs: number): number {
  const wantedMs = Math.round(firstMs + FRAMES_IN_A_WAIT * frameMs);
  return Math.min(LONGEST_PATIENCE_MS, Math.max(SHORTEST_PATIENCE_MS, wantedMs));
}

function millisecondsSince(startNs: bigint): number {
  return Number(native.monotonicNs() - startNs) / 1e6;
}
