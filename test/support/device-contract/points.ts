/** Points and their order, eventfds and their counts, arguments that are refused (kernel-facts B, E). */
import type { SyncobjHandle } from '../../../devices/syncobj-device.ts';
import type { ContractCase } from './contract-run.ts';

const NO_HANDLE = 4096 as SyncobjHandle;

export const pointCases: readonly ContractCase[] = [
  {
    name: 'each import of the same descriptor makes a handle of its own',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const fd = run.own(device.exportTimelineFd(timeline));
      const first = device.importTimeline(fd.fd);
      const second = device.importTimeline(fd.fd);
      run.trace.push(`different: ${first !== second && first !== timeline}`);
      run.signal(device, first, 7n);
      device.destroy(first);
      run.points('through the other', device, second);
      run.points('through the first', device, timeline);
    },
    expected: [
      'different: true',
      'through the other: signalled 7 submitted 7',
      'through the first: signalled 7 submitted 7',
    ],
  },
  {
    name: 'descriptors and handles that are no such thing are refused',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const fd = run.own(device.exportTimelineFd(timeline));
      const eventfd = run.eventfd();
      const fence = run.fence();
      const closed = fd.dup();
      const closedNumber = closed.fd;
      closed.close();
      run.attemptHandle('import an eventfd', () => device.importTimeline(eventfd.fd));
      run.attemptHandle('import a sync_file', () => device.importTimeline(fence.syncFile.fd));
      run.attemptHandle('import a closed fd', () => device.importTimeline(closedNumber));
      run.attempt('arm a sync_file', () =>
        device.arm(timeline, 1n, 'available', fence.syncFile.fd),
      );
      run.attempt('arm a syncobj', () => device.arm(timeline, 1n, 'available', fd.fd));
      run.attempt('arm a closed fd', () => device.arm(timeline, 1n, 'available', closedNumber));
      run.attempt('arm no handle', () => device.arm(NO_HANDLE, 1n, 'available', eventfd.fd));
      run.attempt('import syncobj as sync_file', () => device.importSyncFile(timeline, 1n, fd.fd));
      run.attempt('import sync_file to no handle', () =>
        device.importSyncFile(NO_HANDLE, 1n, fence.syncFile.fd),
      );
      run.attemptExport('export from no handle', device, NO_HANDLE, 1n);
      run.attempt('export fd of no handle', () => device.exportTimelineFd(NO_HANDLE));
      run.attempt('query no handle', () => run.query(device, NO_HANDLE));
      run.attempt('signal no handle', () => run.signal(device, NO_HANDLE, 1n));
      run.attempt('transfer from no handle', () => device.transfer(NO_HANDLE, 1n, timeline, 1n));
      run.attempt('transfer to no handle', () => device.transfer(timeline, 1n, NO_HANDLE, 1n));
      run.attempt('destroy no handle', () => device.destroy(NO_HANDLE));
      run.points('untouched', device, timeline);
    },
    expected: [
      'import an eventfd: EINVAL',
      'import a sync_file: EINVAL',
      'import a closed fd: EINVAL',
      'arm a sync_file: EINVAL',
      'arm a syncobj: EINVAL',
      'arm a closed fd: EBADF',
      'arm no handle: ENOENT',
      'import syncobj as sync_file: EINVAL',
      'import sync_file to no handle: ENOENT',
      'export from no handle: ENOENT',
      'export fd of no handle: EINVAL',
      'query no handle: ENOENT',
      'signal no handle: ENOENT',
      'transfer from no handle: ENOENT',
      'transfer to no handle: ENOENT',
      'destroy no handle: EINVAL',
      'untouched: signalled 0 submitted 0',
    ],
  },
  {
    name: 'a point that is not submitted has no fence to export or transfer',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const other = device.createTimeline();
      run.attemptExport('export of an empty timeline', device, timeline, 1n);
      run.attemptExport('export of its whole', device, timeline, 0n);
      run.attempt('transfer', () => device.transfer(timeline, 1n, other, 1n));
      run.signal(device, timeline, 3n);
      run.attemptExport('export of 4 after 3', device, timeline, 4n);
      run.attemptExport('export of 3', device, timeline, 3n);
      run.attemptExport('export of 2', device, timeline, 2n);
    },
    expected: [
      'export of an empty timeline: no fence',
      'export of its whole: no fence',
      'transfer: EINVAL',
      'export of 4 after 3: no fence',
      'export of 3: ok',
      'export of 2: ok',
    ],
  },
  {
    name: 'one eventfd armed for five points counts to five',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const eventfd = run.eventfd();
      for (const point of [1n, 2n, 3n, 4n, 5n])
        device.arm(timeline, point, 'signalled', eventfd.fd);
      run.signal(device, timeline, 5n);
      await run.fired('fired', eventfd);
    },
    expected: ['fired: 5'],
  },
  {
    name: 'an eventfd closed after arming harms nobody',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const closed = run.eventfd();
      const open = run.eventfd();
      device.arm(timeline, 1n, 'signalled', closed.fd);
      device.arm(timeline, 1n, 'signalled', open.fd);
      closed.close();
      run.attempt('signal', () => run.signal(device, timeline, 1n));
      await run.fired('fired', open);
    },
    expected: ['signal: ok', 'fired: 1'],
  },
  {
    name: 'a point fires those below it, not those above; a lower one later changes nothing',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const seven = run.eventfd();
      const twelve = run.eventfd();
      device.arm(timeline, 7n, 'signalled', seven.fd);
      device.arm(timeline, 12n, 'signalled', twelve.fd);
      run.signal(device, timeline, 10n);
      await run.fired('10 signalled', seven, twelve);
      run.attempt('8 after 10', () => run.signal(device, timeline, 8n));
      run.points('timeline', device, timeline);
      run.signal(device, timeline, 12n);
      await run.fired('12 signalled', seven, twelve);
      run.points('timeline', device, timeline);
    },
    expected: [
      '10 signalled: 1 0',
      '8 after 10: ok',
      'timeline: signalled 10 submitted 10',
      '12 signalled: 0 1',
      'timeline: signalled 12 submitted 12',
    ],
  },
  {
    name: 'an eventfd for a point that has signalled fires at once',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      run.signal(device, timeline, 5n);
      const signalled = run.eventfd();
      const available = run.eventfd();
      const below = run.eventfd();
      device.arm(timeline, 5n, 'signalled', signalled.fd);
      device.arm(timeline, 5n, 'available', available.fd);
      device.arm(timeline, 2n, 'signalled', below.fd);
      await run.fired('fired', signalled, available, below);
    },
    expected: ['fired: 1 1 1'],
  },
  {
    name: 'a pending fence makes its point available, its signal signals it',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const signalled = run.eventfd();
      const available = run.eventfd();
      device.arm(timeline, 5n, 'signalled', signalled.fd);
      device.arm(timeline, 5n, 'available', available.fd);
      const fence = run.attach(device, timeline, 5n);
      await run.fired('attached', signalled, available);
      run.points('attached', device, timeline);
      const syncFile = run.exportPoint(device, timeline, 5n);
      await run.status('pending', syncFile);
      fence.end(0);
      await run.fired('ended', signalled, available);
      run.points('ended', device, timeline);
      await run.status('ended', syncFile);
    },
    expected: [
      'attached: 0 1',
      'attached: signalled 0 submitted 5',
      'pending: 0',
      'ended: 1 0',
      'ended: signalled 5 submitted 5',
      'ended: 1 readable',
    ],
  },
  {
    name: 'a point signals only when those before it have',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const fence = run.attach(device, timeline, 5n);
      const six = run.eventfd();
      const sixAvailable = run.eventfd();
      device.arm(timeline, 6n, 'signalled', six.fd);
      device.arm(timeline, 6n, 'available', sixAvailable.fd);
      run.signal(device, timeline, 6n);
      await run.fired('6 signalled, 5 pending', six, sixAvailable);
      run.points('6 signalled, 5 pending', device, timeline);
      fence.end(0);
      await run.fired('5 signalled', six, sixAvailable);
      run.points('5 signalled', device, timeline);
    },
    expected: [
      '6 signalled, 5 pending: 0 1',
      '6 signalled, 5 pending: signalled 0 submitted 6',
      '5 signalled: 1 0',
      '5 signalled: signalled 6 submitted 6',
    ],
  },
  {
    name: 'a point put below a pending one waits for that too',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const later = run.attach(device, timeline, 6n);
      const earlier = run.attach(device, timeline, 5n);
      const five = run.eventfd();
      device.arm(timeline, 5n, 'signalled', five.fd);
      earlier.end(0);
      await run.fired('5 ended, 6 pending', five);
      later.end(0);
      await run.fired('6 ended', five);
      run.points('timeline', device, timeline);
    },
    expected: ['5 ended, 6 pending: 0', '6 ended: 1', 'timeline: signalled 6 submitted 6'],
  },
  {
    name: 'queries and signals take several timelines at once',
    run: async (run) => {
      const device = run.device('A');
      const handles = Uint32Array.of(
        device.createTimeline(),
        device.createTimeline(),
        device.createTimeline(),
      );
      device.signal(handles, BigUint64Array.of(4n, 5n, 6n), 2);
      const points = new BigUint64Array(3);
      device.query(handles, points, 3, 'signalled');
      run.trace.push(`points: ${points.join(' ')}`);
      run.attempt('no handles', () => device.query(handles, points, 0, 'signalled'));
    },
    expected: ['points: 4 5 0', 'no handles: EINVAL'],
  },
  {
    name: 'a transferred fence is the same fence on another timeline',
    run: async (run) => {
      const device = run.device('A');
      const source = device.createTimeline();
      const target = device.createTimeline();
      const fence = run.attach(device, source, 5n);
      device.transfer(source, 5n, target, 9n);
      run.points('pending', device, target);
      fence.end(0);
      await run.rig.settle();
      run.points('ended', device, target);
      run.points('source', device, source);
    },
    expected: [
      'pending: signalled 0 submitted 9',
      'ended: signalled 9 submitted 9',
      'source: signalled 5 submitted 5',
    ],
  },
];
