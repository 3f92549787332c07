/** Any order of submissions and signals: a timeline answers as the rule in one sentence says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SingleFence } from '../../../devices/simulated/dma-fence.ts';
import type { HeldEventfd } from '../../../devices/simulated/held-eventfds.ts';
import { SimSyncobj } from '../../../devices/simulated/sim-syncobj.ts';

type Step =
  | { readonly type: 'submit'; readonly gap: number }
  | { readonly type: 'end'; readonly pick: number; readonly errno: number }
  | { readonly type: 'arm'; readonly point: number; readonly phase: 'available' | 'signalled' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('submit' as const), gap: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    type: fc.constant('end' as const),
    pick: fc.nat(20),
    errno: fc.constantFrom(0, 0, 5, 19),
  }),
  fc.record({
    type: fc.constant('arm' as const),
    point: fc.integer({ min: 1, max: 30 }),
    phase: fc.constantFrom('available' as const, 'signalled' as const),
  }),
);

test('in order: signalled is the highest point with nothing pending at or below it; eventfds fire exactly then', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const syncobj = new SimSyncobj(1n, () => {}).hold();
      const jobs: { readonly point: bigint; readonly fence: SingleFence }[] = [];
      const armed: { point: bigint; phase: string; fired: number }[] = [];
      let nowNs = 1n;
      for (const next of steps) {
        nowNs++;
        if (next.type === 'submit') {
          const point = (jobs.at(-1)?.point ?? 0n) + BigInt(next.gap);
          const fence = new SingleFence();
          jobs.push({ point, fence });
          syncobj.addPoint(fence, point);
        } else if (next.type === 'end') {
          jobs[next.pick % Math.max(1, jobs.length)]?.fence.signal(next.errno, nowNs);
        } else {
          const entry = { point: BigInt(next.point), phase: next.phase, fired: 0 };
          armed.push(entry);
          const eventfd: HeldEventfd = { fire: () => void entry.fired++, drop: () => {} };
          syncobj.arm(entry.point, next.phase, eventfd);
        }
        const submitted = jobs.at(-1)?.point ?? 0n;
        const firstPending = jobs.findIndex(({ fence }) => !fence.isSignalled());
        const signalled = firstPending < 0 ? submitted : (jobs[firstPending - 1]?.point ?? 0n);
        expect(syncobj.query('submitted')).toBe(submitted);
        expect(syncobj.query('signalled')).toBe(signalled);
        for (const { point, phase, fired } of armed) {
          // A point between two submitted ones is answered for by the next above.
          const answering = jobs.find((job) => job.point >= point)?.point;
          const isDone =
            answering !== undefined && (phase === 'available' || answering <= signalled);
          expect(fired).toBe(isDone ? 1 : 0);
        }
      }
    }),
    { seed: 20_261_123, numRuns: 300 },
  );
});

test('out of order: queries never exceed the highest point, and everything fires once all fences have ended', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(11), { maxLength: 12 }),
      (points, ends) => {
        const syncobj = new SimSyncobj(1n, () => {}).hold();
        const highest = Math.max(...points);
        let fired = 0;
        for (let point = 1; point <= highest; point++)
          syncobj.arm(BigInt(point), 'signalled', { fire: () => void fired++, drop: () => {} });
        const fences = points.map((point) => {
          const fence = new SingleFence();
          syncobj.addPoint(fence, BigInt(point));
          return fence;
        });
        for (const end of ends) fences[end]?.signal(0, 2n);
        expect(syncobj.query('submitted')).toBe(BigInt(highest));
        expect(syncobj.query('signalled')).toBeLessThanOrEqual(BigInt(highest));
        for (const fence of fences) fence.signal(0, 3n);
        expect(fired).toBe(highest);
        expect(syncobj.query('signalled')).toBe(BigInt(highest));
      },
    ),
    { seed: 20_261_123, numRuns: 300 },
  );
});
