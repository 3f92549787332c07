/** What is measured of a commit with an acquire point: from the commit, or from the signal, until its update is applied. */
import { native } from '../../../native/binding.ts';
import { median } from '../statistics.ts';
import { signalling, type Idleness, type Signalling } from './signalling.ts';
import { signalPoint, type Amount } from './waits.ts';
import type { CommittingWindow } from './window.ts';

/** What one kind of commit takes. */
export interface CommitTimes {
  readonly p50Ns: number;
  /** Of the addon, from the commit until the update was applied, without the client's signal; on simulated devices ioctls. */
  readonly calls: number;
}

/** A point that has signalled before it is committed: the update is applied within the commit. */
export function measureCommits(window: CommittingWindow, { count, warmUp }: Amount): CommitTimes {
  const { bed, acquire } = window;
  const times: number[] = [];
  let calls = 0;
  let endNs: bigint | undefined;
  let callsAfter = 0;
  window.onApplied = () => {
    endNs = native.monotonicNs();
    callsAfter = bed.calls;
  };
  for (let index = 0; index < warmUp + count; index++) {
    const point = window.nextPoint();
    signalPoint(bed, acquire, point);
    window.prepare(point);
    endNs = undefined;
    const callsBefore = bed.calls;
    const startNs = native.monotonicNs();
    window.commit();
    if (endNs === undefined) throw new Error(`point ${point}: not applied within the commit`);
    if (index < warmUp) continue;
    times.push(Number(endNs - startNs));
    calls += callsAfter - callsBefore;
  }
  return { p50Ns: median(times), calls: calls / count };
}

/** A point that is signalled once its update waits for it. */
export async function measureSignals(
  window: CommittingWindow,
  idleness: Idleness,
  { count, warmUp }: Amount,
): Promise<CommitTimes> {
  const times: number[] = [];
  let calls = 0;
  const client = signalling(window.bed, idleness);
  for (let index = 0; index < warmUp + count; index++) {
    const measured = await signalOnce(window, client);
    if (index < warmUp) continue;
    times.push(measured.tookNs);
    calls += measured.calls;
  }
  client.dispose();
  return { p50Ns: median(times), calls: calls / count };
}

function signalOnce(
  window: CommittingWindow,
  client: Signalling,
): Promise<{ tookNs: number; calls: number }> {
  const { bed, acquire } = window;
  const point = window.nextPoint();
  window.prepare(point);
  return new Promise((resolve, reject) => {
    let startNs = 0n;
    let calls = 0;
    window.onApplied = () => {
      const tookNs = Number(native.monotonicNs() - startNs);
      if (startNs > 0n) resolve({ tookNs, calls: calls + bed.calls - 1 });
      else reject(new Error(`point ${point}: applied too early`));
    };
    calls -= bed.calls;
    window.commit();
    calls += bed.calls;
    client.soon(() => {
      calls -= bed.calls;
      startNs = native.monotonicNs();
      signalPoint(bed, acquire, point);
    });
  });
}
