/**
 * A compositor that imports on GPU A, a client that works on GPU B, one of them pulled out at each stage of a point's life
 * (kernel-facts A, the table M0 to M4).
 */
import type { SyncobjDevice, SyncobjHandle } from '../../../devices/syncobj-device.ts';
import type { ContractCase, ContractRun, Gpu } from './contract-run.ts';

const POINT = 5n;

/** How far the point has come when the GPU is pulled. */
type Moment = 'before import' | 'imported' | 'armed' | 'submitted' | 'signalled';

async function pull(run: ContractRun, moment: Moment, removed: Gpu): Promise<void> {
  const compositor = run.device('A');
  const client = run.device('B');
  const timeline = client.createTimeline();
  const keptFd = run.own(client.exportTimelineFd(timeline));
  const signalledEvent = run.eventfd();
  const availableEvent = run.eventfd();
  const isImported = moment !== 'before import';
  const isArmed = isImported && moment !== 'imported';
  const handle = isImported ? compositor.importTimeline(keptFd.fd) : undefined;
  if (handle !== undefined && isArmed) {
    compositor.arm(handle, POINT, 'signalled', signalledEvent.fd);
    compositor.arm(handle, POINT, 'available', availableEvent.fd);
  }
  const hasFence = moment === 'submitted' || moment === 'signalled';
  const fence = hasFence ? run.attach(client, timeline, POINT) : undefined;
  if (moment === 'signalled') fence?.end(0);
  if (isArmed) await run.fired('before the removal', signalledEvent, availableEvent);

  await run.rig.remove(removed);
  if (isArmed) await run.fired('at the removal', signalledEvent, availableEvent);

  if (handle === undefined)
    run.attemptHandle('compositor imports', () => compositor.importTimeline(keptFd.fd));
  else useEverything(run, 'compositor', compositor, handle);
  useEverything(run, 'client', client, timeline);

  const survivor = run.device(removed === 'A' ? 'B' : 'A');
  const again = survivor.importTimeline(keptFd.fd);
  run.points('re-import', survivor, again);
  const rearmed = run.eventfd();
  survivor.arm(again, POINT, 'signalled', rearmed.fd);
  if (fence) {
    if (moment === 'submitted') fence.end(0);
  } else {
    const own = run.attempt('client signals', () => {
      run.signal(client, timeline, POINT);
      return true;
    });
    // Only a client that kept the syncobj's fd has another way.
    if (!own) run.attempt('kept fd signals', () => run.signal(survivor, again, POINT));
  }
  await run.fired(
    'afterwards',
    ...(isArmed ? [signalledEvent, availableEvent, rearmed] : [rearmed]),
  );
  run.points('in the end', survivor, again);
}

function useEverything(
  run: ContractRun,
  who: string,
  device: SyncobjDevice,
  handle: SyncobjHandle,
): void {
  run.attempt(`${who} queries`, () => {
    run.query(device, handle);
  });
  run.attempt(`${who} exports`, () => run.own(device.exportTimelineFd(handle)));
}

const OK_COMPOSITOR = ['compositor queries: ok', 'compositor exports: ok'];
const GONE_COMPOSITOR = ['compositor queries: ENODEV', 'compositor exports: ENODEV'];
const OK_CLIENT = ['client queries: ok', 'client exports: ok'];
const GONE_CLIENT = ['client queries: ENODEV', 'client exports: ENODEV'];
const UNSUBMITTED = 're-import: signalled 0 submitted 0';
const PENDING = 're-import: signalled 0 submitted 5';
const SIGNALLED = 're-import: signalled 5 submitted 5';
const END = 'in the end: signalled 5 submitted 5';
const NOTHING_YET = ['before the removal: 0 0', 'at the removal: 0 0'];

const ROWS: readonly (readonly [Moment, Gpu, readonly string[]])[] = [
  [
    'before import',
    'A',
    [
      'compositor imports: ENODEV',
      ...OK_CLIENT,
      UNSUBMITTED,
      'client signals: ok',
      'afterwards: 1',
      END,
    ],
  ],
  [
    'before import',
    'B',
    [
      'compositor imports: ok',
      ...GONE_CLIENT,
      UNSUBMITTED,
      'client signals: ENODEV',
      'kept fd signals: ok',
      'afterwards: 1',
      END,
    ],
  ],
  [
    'imported',
    'A',
    [...GONE_COMPOSITOR, ...OK_CLIENT, UNSUBMITTED, 'client signals: ok', 'afterwards: 1', END],
  ],
  [
    'imported',
    'B',
    [
      ...OK_COMPOSITOR,
      ...GONE_CLIENT,
      UNSUBMITTED,
      'client signals: ENODEV',
      'kept fd signals: ok',
      'afterwards: 1',
      END,
    ],
  ],
  [
    'armed',
    'A',
    [
      ...NOTHING_YET,
      ...GONE_COMPOSITOR,
      ...OK_CLIENT,
      UNSUBMITTED,
      'client signals: ok',
      'afterwards: 1 1 1',
      END,
    ],
  ],
  [
    'armed',
    'B',
    [
      ...NOTHING_YET,
      ...OK_COMPOSITOR,
      ...GONE_CLIENT,
      UNSUBMITTED,
      'client signals: ENODEV',
      'kept fd signals: ok',
      'afterwards: 1 1 1',
      END,
    ],
  ],
  [
    'submitted',
    'A',
    [
      'before the removal: 0 1',
      'at the removal: 0 0',
      ...GONE_COMPOSITOR,
      ...OK_CLIENT,
      PENDING,
      'afterwards: 1 0 1',
      END,
    ],
  ],
  [
    'submitted',
    'B',
    [
      'before the removal: 0 1',
      'at the removal: 0 0',
      ...OK_COMPOSITOR,
      ...GONE_CLIENT,
      PENDING,
      'afterwards: 1 0 1',
      END,
    ],
  ],
  [
    'signalled',
    'A',
    [
      'before the removal: 1 1',
      'at the removal: 0 0',
      ...GONE_COMPOSITOR,
      ...OK_CLIENT,
      SIGNALLED,
      'afterwards: 0 0 1',
      END,
    ],
  ],
  [
    'signalled',
    'B',
    [
      'before the removal: 1 1',
      'at the removal: 0 0',
      ...OK_COMPOSITOR,
      ...GONE_CLIENT,
      SIGNALLED,
      'afterwards: 0 0 1',
      END,
    ],
  ],
];

export const matrixCases: readonly ContractCase[] = ROWS.map(([moment, removed, expected]) => ({
  name: `${removed === 'A' ? "the compositor's" : "the client's"} GPU is pulled, point ${moment}`,
  pulls: true,
  run: (run) => pull(run, moment, removed),
  expected,
}));
