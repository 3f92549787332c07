import { expect, test } from 'vitest';
import { judge } from '../../lab/compare/judge.ts';
import { Ledger, type CommitRecord } from '../../lab/ledger.ts';

const REFRESH_NS = 10n;

function drawn(
  ledger: Ledger,
  serial: number,
  acquire: 'signalled' | 'failed' | 'abandoned',
  presentedAtNs?: bigint,
): void {
  const record = ledger.committed(1, 3, serial, BigInt(serial));
  record.acquire = acquire;
  record.presentedAtNs = presentedAtNs;
  record.calledBackAtNs = presentedAtNs;
}

test('a surface whose last finished frame was never presented is stuck', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled', 10n);
  drawn(ledger, 2, 'abandoned');
  drawn(ledger, 3, 'signalled');
  expect(judge(ledger, REFRESH_NS)).toMatchObject({
    stuckSurfaces: 1,
    reasons: ['1 surface stuck'],
  });
});

test('a surface whose unfinished frame is held back is not stuck', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled', 10n);
  drawn(ledger, 2, 'abandoned');
  expect(judge(ledger, REFRESH_NS)).toMatchObject({ stuckSurfaces: 0, reasons: [] });
});

test('a frame replaced by a newer one before it was shown is not stuck', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled');
  drawn(ledger, 2, 'signalled', 20n);
  expect(judge(ledger, REFRESH_NS).stuckSurfaces).toBe(0);
});

test('a surface whose client was not called back for what is on screen is stuck', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled', 10n);
  const record = ledger.committed(1, 3, 2, 2n);
  record.acquire = 'signalled';
  record.presentedAtNs = 20n;
  expect(judge(ledger, REFRESH_NS).stuckSurfaces).toBe(1);
  record.calledBackAtNs = 21n;
  expect(judge(ledger, REFRESH_NS).stuckSurfaces).toBe(0);
});

test('whether the client or the compositor hears first that a frame was never submitted makes no difference', () => {
  const [clientFirst, compositorFirst] = [new Ledger(), new Ledger()];
  const heard = clientFirst.committed(1, 3, 1, 1n);
  clientFirst.acquireEnded(heard, 'abandoned');
  clientFirst.latched(heard, 5n);
  const unheard = compositorFirst.committed(1, 3, 1, 1n);
  compositorFirst.latched(unheard, 5n);
  compositorFirst.acquireEnded(unheard, 'abandoned');
  for (const ledger of [clientFirst, compositorFirst])
    expect(judge(ledger, REFRESH_NS)).toMatchObject({ earlyLatches: 1, failedFencesShown: 1 });
});

test('a frame shown early whose fence ends well is early and no more', () => {
  const ledger = new Ledger();
  const record = ledger.committed(1, 3, 1, 1n);
  ledger.latched(record, 5n);
  ledger.acquireEnded(record, 'signalled', 6n);
  expect(judge(ledger, REFRESH_NS)).toMatchObject({ earlyLatches: 1, failedFencesShown: 0 });
});

test('only a client that broke no rule is disconnected undeservedly, and its surface is not counted again', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled');
  ledger.disconnects.push({ client: 1, reason: 'invalid_timeline', deserved: false });
  ledger.disconnects.push({ client: 2, reason: 'asked for it', deserved: true });
  expect(judge(ledger, REFRESH_NS)).toMatchObject({
    undeservedDisconnects: 1,
    stuckSurfaces: 0,
    reasons: ['1 client cut: invalid_timeline'],
  });
});

test('content is judged by what its fence was when it was latched', () => {
  const ledger = new Ledger();
  const early = ledger.committed(1, 3, 1, 0n);
  ledger.latched(early, 5n);
  early.acquire = 'signalled';
  const failed = ledger.committed(1, 3, 2, 10n);
  failed.acquire = 'failed';
  ledger.latched(failed, 15n);
  expect(judge(ledger, REFRESH_NS)).toMatchObject({ earlyLatches: 1, failedFencesShown: 1 });
});

test('a release is early while its buffer is waited for, or shown, and nothing has taken its place', () => {
  const early = (prepare: (ledger: Ledger, record: CommitRecord) => void): number => {
    const ledger = new Ledger();
    const record = ledger.committed(1, 3, 1, 0n);
    prepare(ledger, record);
    ledger.released(record, 9n);
    return judge(ledger, REFRESH_NS).earlyReleases;
  };
  expect(early(() => {})).toBe(1);
  expect(early((_, record) => (record.latchedAtNs = 2n))).toBe(1);
  expect(early((_, record) => (record.droppedAtNs = 2n))).toBe(0);
  expect(early((ledger) => (ledger.committed(1, 3, 2, 1n).latchedAtNs = 2n))).toBe(0);
  expect(early((ledger) => (ledger.committed(1, 4, 2, 1n).latchedAtNs = 2n))).toBe(1);
  expect(early((ledger) => ledger.surfaceDestroyed(1, 3))).toBe(0);
  expect(early((ledger) => ledger.left.add(1))).toBe(0);
});

test('recovery is the time from a loss to the next frame of a surface that had been showing frames', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled', 1_000_000n);
  drawn(ledger, 2, 'signalled', 7_000_000n);
  ledger.deviceEvents.push({ type: 'lost', device: 'sim:0', atNs: 2_000_000n });
  expect(judge(ledger, REFRESH_NS).recoveryMs).toEqual({ p50: 5, p99: 5, max: 5 });
});

test('a surface that idled at the loss recovers from its next commit on', () => {
  const ledger = new Ledger();
  drawn(ledger, 1, 'signalled', 1_000_000n);
  ledger.deviceEvents.push({ type: 'lost', device: 'sim:0', atNs: 2_000_000n });
  ledger.committed(1, 3, 2, 6_000_000n).presentedAtNs = 7_000_000n;
  expect(judge(ledger, REFRESH_NS).recoveryMs).toEqual({ p50: 1, p99: 1, max: 1 });
});
