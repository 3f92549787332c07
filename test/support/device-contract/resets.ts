/** What RESET and the SIGNAL of binary syncobjs do to a timeline, and to what is armed for its points (kernel-facts B). */
import type { SyncobjDevice, SyncobjHandle } from '../../../devices/syncobj-device.ts';
import type { ContractCase } from './contract-run.ts';

export const resetCases: readonly ContractCase[] = [
  {
    name: 'a reset takes the points and leaves what is armed',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const [signalled, available] = [run.eventfd(), run.eventfd()];
      run.signal(device, timeline, 4n);
      device.arm(timeline, 5n, 'signalled', signalled.fd);
      device.arm(timeline, 5n, 'available', available.fd);
      reset(device, timeline);
      await run.fired('reset', signalled, available);
      run.points('reset', device, timeline);
      run.attemptExport('export of 4', device, timeline, 4n);
      run.attemptExport('export of its whole', device, timeline, 0n);
      run.signal(device, timeline, 2n);
      run.points('2 signalled', device, timeline);
      run.signal(device, timeline, 5n);
      await run.fired('5 signalled', signalled, available);
    },
    expected: [
      'reset: 0 0',
      'reset: signalled 0 submitted 0',
      'export of 4: no fence',
      'export of its whole: no fence',
      '2 signalled: signalled 2 submitted 2',
      '5 signalled: 1 1',
    ],
  },
  {
    name: 'what has fired before a reset does not fire again after it',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const eventfd = run.eventfd();
      device.arm(timeline, 1n, 'available', eventfd.fd);
      run.signal(device, timeline, 1n);
      reset(device, timeline);
      await run.fired('signalled and reset', eventfd);
      run.points('signalled and reset', device, timeline);
      run.signal(device, timeline, 1n);
      await run.fired('signalled again', eventfd);
    },
    expected: [
      'signalled and reset: 1',
      'signalled and reset: signalled 0 submitted 0',
      'signalled again: 0',
    ],
  },
  {
    name: 'an eventfd that waits for a fence fires with it, whatever became of the point',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const eventfd = run.eventfd();
      device.arm(timeline, 5n, 'signalled', eventfd.fd);
      const fence = run.attach(device, timeline, 5n);
      const syncFile = run.exportPoint(device, timeline, 5n);
      reset(device, timeline);
      await run.fired('reset', eventfd);
      run.points('reset', device, timeline);
      await run.status('exported before', syncFile);
      fence.end(0);
      await run.fired('ended', eventfd);
      run.points('ended', device, timeline);
      await run.status('exported before', syncFile);
    },
    expected: [
      'reset: 0',
      'reset: signalled 0 submitted 0',
      'exported before: 0',
      'ended: 1',
      'ended: signalled 0 submitted 0',
      'exported before: 1 readable',
    ],
  },
  {
    name: 'the signal of binary syncobjs leaves no points',
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const [whole, nine] = [run.eventfd(), run.eventfd()];
      run.signal(device, timeline, 7n);
      reset(device, timeline);
      device.arm(timeline, 0n, 'signalled', whole.fd);
      device.arm(timeline, 9n, 'available', nine.fd);
      run.attempt('signalled', () => device.signalBinary(Uint32Array.of(timeline), 1));
      if (device.capabilities.importless) return;
      await run.fired('signalled', whole, nine);
      run.points('signalled', device, timeline);
      run.attemptExport('export of 7', device, timeline, 7n);
      run.attemptExport('export of its whole', device, timeline, 0n);
      run.signal(device, timeline, 9n);
      await run.fired('9 signalled', whole, nine);
      run.points('9 signalled', device, timeline);
    },
    expected: ({ importless }) =>
      importless
        ? ['signalled: EOPNOTSUPP']
        : [
            'signalled: ok',
            'signalled: 1 0',
            'signalled: signalled 0 submitted 0',
            'export of 7: no fence',
            'export of its whole: ok',
            '9 signalled: 0 1',
            '9 signalled: signalled 9 submitted 9',
          ],
  },
  {
    name: 'handles that are none can be neither reset nor signalled',
    run: async (run) => {
      const device = run.device('A');
      const none = Uint32Array.of(4096);
      run.attempt('reset', () => device.reset(none, 1));
      run.attempt('reset of none', () => device.reset(none, 0));
      if (device.capabilities.importless) return;
      run.attempt('signal', () => device.signalBinary(none, 1));
      run.attempt('signal of none', () => device.signalBinary(none, 0));
    },
    expected: ({ importless }) => [
      'reset: ENOENT',
      'reset of none: EINVAL',
      ...(importless ? [] : ['signal: ENOENT', 'signal of none: EINVAL']),
    ],
  },
];

function reset(device: SyncobjDevice, timeline: SyncobjHandle): void {
  device.reset(Uint32Array.of(timeline), 1);
}
