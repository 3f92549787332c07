/** Who keeps an armed eventfd alive (kernel-facts A, the table of last references), and what outlives a device (B). */
import type { ContractCase } from './contract-run.ts';

const POINT = 5n;

export const referenceCases: readonly ContractCase[] = [
  {
    name: 'an armed eventfd fires after the handle it was armed through is destroyed',
    run: async (run) => {
      const compositor = run.device('A');
      const client = run.device('B');
      const timeline = client.createTimeline();
      const fd = client.exportTimelineFd(timeline);
      const handle = compositor.importTimeline(fd.fd);
      fd.close();
      const eventfd = run.eventfd();
      compositor.arm(handle, POINT, 'signalled', eventfd.fd);
      compositor.destroy(handle);
      run.signal(client, timeline, POINT);
      await run.fired('fired', eventfd);
    },
    expected: ['fired: 1'],
  },
  {
    name: 'an armed eventfd never fires when the last reference goes without a fence',
    run: async (run) => {
      const compositor = run.device('A');
      const client = run.device('B');
      const timeline = client.createTimeline();
      const fd = client.exportTimelineFd(timeline);
      const handle = compositor.importTimeline(fd.fd);
      fd.close();
      const eventfd = run.eventfd();
      compositor.arm(handle, POINT, 'signalled', eventfd.fd);
      compositor.destroy(handle);
      client.destroy(timeline);
      await run.fired('fired', eventfd);
      // The eventfd itself is as good as ever.
      const other = compositor.createTimeline();
      compositor.arm(other, 1n, 'signalled', eventfd.fd);
      run.signal(compositor, other, 1n);
      await run.fired('used again', eventfd);
    },
    expected: ['fired: 0', 'used again: 1'],
  },
  {
    name: 'a pending fence fires the eventfd after every reference to the syncobj is gone',
    run: async (run) => {
      const client = run.device('B');
      const timeline = client.createTimeline();
      const eventfd = run.eventfd();
      client.arm(timeline, POINT, 'signalled', eventfd.fd);
      const fence = run.attach(client, timeline, POINT);
      client.close();
      await run.fired('pending', eventfd);
      fence.end(0);
      await run.fired('fired', eventfd);
    },
    expected: ['pending: 0', 'fired: 1'],
  },
  {
    name: 'the eventfd fires after its device went and its file was closed',
    pulls: true,
    run: async (run) => {
      const compositor = run.device('A');
      const client = run.device('B');
      const timeline = client.createTimeline();
      const fd = client.exportTimelineFd(timeline);
      const handle = compositor.importTimeline(fd.fd);
      fd.close();
      const signalled = run.eventfd();
      const available = run.eventfd();
      compositor.arm(handle, POINT, 'signalled', signalled.fd);
      compositor.arm(handle, POINT, 'available', available.fd);
      await run.rig.remove('A');
      compositor.close();
      await run.fired('closed', signalled, available);
      run.signal(client, timeline, POINT);
      await run.fired('fired', signalled, available);
    },
    expected: ['closed: 0 0', 'fired: 1 1'],
  },
  {
    name: 'the eventfd never fires when device, file and client are gone and nobody kept the syncobj',
    pulls: true,
    run: async (run) => {
      const compositor = run.device('A');
      const client = run.device('B');
      const timeline = client.createTimeline();
      const fd = client.exportTimelineFd(timeline);
      const handle = compositor.importTimeline(fd.fd);
      fd.close();
      const eventfd = run.eventfd();
      compositor.arm(handle, POINT, 'signalled', eventfd.fd);
      await run.rig.remove('A');
      compositor.close();
      client.close();
      await run.fired('fired', eventfd);
    },
    expected: ['fired: 0'],
  },
  {
    name: "a point of a client whose GPU and process are gone can be signalled by the compositor's handle",
    pulls: true,
    run: async (run) => {
      const compositor = run.device('A');
      const client = run.device('B');
      const timeline = client.createTimeline();
      const fd = client.exportTimelineFd(timeline);
      const handle = compositor.importTimeline(fd.fd);
      fd.close();
      const eventfd = run.eventfd();
      compositor.arm(handle, POINT, 'signalled', eventfd.fd);
      await run.rig.remove('B');
      client.close();
      await run.fired('by itself', eventfd);
      run.attempt('compositor signals', () => run.signal(compositor, handle, POINT));
      await run.fired('fired', eventfd);
    },
    expected: ['by itself: 0', 'compositor signals: ok', 'fired: 1'],
  },
  {
    name: 'a client that kept no syncobj fd can never signal after its GPU went',
    pulls: true,
    run: async (run) => {
      const compositor = run.device('A');
      const client = run.device('B');
      const timeline = client.createTimeline();
      const fd = client.exportTimelineFd(timeline);
      const handle = compositor.importTimeline(fd.fd);
      fd.close();
      const eventfd = run.eventfd();
      compositor.arm(handle, POINT, 'signalled', eventfd.fd);
      await run.rig.remove('B');
      run.attempt('client signals', () => run.signal(client, timeline, POINT));
      run.attempt('client exports', () => client.exportTimelineFd(timeline));
      client.close();
      await run.fired('fired', eventfd);
      run.points('timeline', compositor, handle);
    },
    expected: [
      'client signals: ENODEV',
      'client exports: ENODEV',
      'fired: 0',
      'timeline: signalled 0 submitted 0',
    ],
  },
  {
    name: 'on a removed device everything answers ENODEV and nothing comes back with it',
    pulls: true,
    run: async (run) => {
      const device = run.device('A');
      const survivor = run.device('B');
      const handle = device.createTimeline();
      const other = device.createTimeline();
      const fd = run.own(device.exportTimelineFd(handle));
      run.signal(device, handle, 3n);
      const eventfd = run.eventfd();
      const fence = run.fence();
      await run.rig.remove('A');
      const use = (): void => {
        run.attemptHandle('importTimeline', () => device.importTimeline(fd.fd));
        run.attemptHandle('createTimeline', () => device.createTimeline());
        run.attempt('exportTimelineFd', () => device.exportTimelineFd(handle));
        run.attemptExport('exportSyncFile', device, handle, 3n);
        run.attempt('importSyncFile', () => device.importSyncFile(handle, 4n, fence.syncFile.fd));
        run.attempt('arm', () => device.arm(handle, 9n, 'signalled', eventfd.fd));
        run.attempt('query', () => run.query(device, handle));
        run.attempt('signal', () => run.signal(device, handle, 4n));
        run.attempt('reset', () => device.reset(Uint32Array.of(handle), 1));
        run.attempt('signalBinary', () => device.signalBinary(Uint32Array.of(handle), 1));
        run.attempt('transfer', () => device.transfer(handle, 3n, other, 1n));
        run.attempt('destroy', () => device.destroy(other));
      };
      use();
      run.trace.push(`lost: ${device.lost}`);
      const moved = survivor.importTimeline(fd.fd);
      run.points('kept fd on the survivor', survivor, moved);
      await run.rig.add('A');
      run.attempt('old file after re-plug', () => run.query(device, handle));
      const back = run.device('A');
      run.points('kept fd on the new device', back, back.importTimeline(fd.fd));
    },
    expected: [
      'importTimeline: ENODEV',
      'createTimeline: ENODEV',
      'exportTimelineFd: ENODEV',
      'exportSyncFile: ENODEV',
      'importSyncFile: ENODEV',
      'arm: ENODEV',
      'query: ENODEV',
      'signal: ENODEV',
      'reset: ENODEV',
      'signalBinary: ENODEV',
      'transfer: ENODEV',
      'destroy: ok',
      'lost: true',
      'kept fd on the survivor: signalled 3 submitted 3',
      'old file after re-plug: ENODEV',
      'kept fd on the new device: signalled 3 submitted 3',
    ],
  },
  {
    name: 'a removed device cannot be opened, and its sync_files live on',
    pulls: true,
    fails: true,
    run: async (run) => {
      const client = run.device('B');
      const node = run.rig.kernel.listNodes().find((candidate) => candidate.id === client.id);
      const timeline = client.createTimeline();
      const fence = run.attach(client, timeline, POINT);
      const syncFile = run.exportPoint(client, timeline, POINT);
      await run.rig.remove('B');
      run.attempt('open', () => {
        if (node) run.rig.kernel.openDevice(node).close();
      });
      run.trace.push(`listed: ${run.rig.kernel.listNodes().some(({ id }) => id === client.id)}`);
      await run.status('pending', syncFile);
      fence.end(19);
      await run.status('ended', syncFile);
    },
    expected: ['open: ENOENT', 'listed: false', 'pending: 0', 'ended: -19 readable'],
  },
];
