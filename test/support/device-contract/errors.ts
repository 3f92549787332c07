/** Fences that fail: where the error shows, and where it gets lost (kernel-facts F, D). */
import type { ContractCase } from './contract-run.ts';
import { ECANCELED, EIO, ENODEV } from '../../../native/errno.ts';

export const errorCases: readonly ContractCase[] = [
  {
    name: 'an eventfd and a query take a failed fence for a signalled one',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const before = run.eventfd();
      device.arm(timeline, 5n, 'signalled', before.fd);
      run.attach(device, timeline, 5n).end(ENODEV);
      const after = run.eventfd();
      device.arm(timeline, 5n, 'signalled', after.fd);
      await run.fired('fired', before, after);
      run.points('timeline', device, timeline);
    },
    expected: ['fired: 1 1', 'timeline: signalled 5 submitted 5'],
  },
  {
    name: 'a sync_file exported before the failure keeps the error for good',
    pulls: true,
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const fence = run.attach(device, timeline, 5n);
      const syncFile = run.exportPoint(device, timeline, 5n);
      await run.status('pending', syncFile);
      fence.end(ENODEV);
      await run.status('failed', syncFile);
      run.signal(device, timeline, 6n);
      await run.status('later points', syncFile);
      device.destroy(timeline);
      await run.status('syncobj destroyed', syncFile);
      await run.rig.remove('A');
      await run.status('device removed', syncFile);
    },
    expected: [
      'pending: 0',
      'failed: -19 readable',
      'later points: -19 readable',
      'syncobj destroyed: -19 readable',
      'device removed: -19 readable',
    ],
  },
  {
    name: 'every errno comes through',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      let point = 1n;
      for (const errno of [ENODEV, EIO, ECANCELED]) {
        const fence = run.attach(device, timeline, point);
        const syncFile = run.exportPoint(device, timeline, point);
        fence.end(errno);
        await run.status(`${errno}`, syncFile);
        point++;
      }
    },
    expected: ['19: -19 readable', '5: -5 readable', '125: -125 readable'],
  },
  {
    name: 'an export after the failure shows it while the point is the newest, and no longer',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      run.attach(device, timeline, 5n).end(ENODEV);
      await run.status('newest', run.exportPoint(device, timeline, 5n));
      const later = run.attach(device, timeline, 6n);
      await run.status('one later point pends', run.exportPoint(device, timeline, 5n));
      later.end(0);
      await run.status('it signalled', run.exportPoint(device, timeline, 5n));
      await run.status('the later point itself', run.exportPoint(device, timeline, 6n));
    },
    expected: [
      'newest: -19 readable',
      'one later point pends: 1 readable',
      'it signalled: 1 readable',
      'the later point itself: 1 readable',
    ],
  },
  {
    name: 'errors do not spread along the timeline',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const files = [4n, 5n, 6n].map((point) => {
        const fence = run.attach(device, timeline, point);
        return { fence, syncFile: run.exportPoint(device, timeline, point) };
      });
      files.forEach(({ fence }, index) => fence.end(index === 1 ? ENODEV : 0));
      for (const { syncFile } of files) await run.status('point', syncFile);
    },
    expected: ['point: 1 readable', 'point: -19 readable', 'point: 1 readable'],
  },
  {
    name: 'a failed point waits for those before it',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const four = run.attach(device, timeline, 4n);
      const five = run.attach(device, timeline, 5n);
      const eventfd = run.eventfd();
      device.arm(timeline, 5n, 'signalled', eventfd.fd);
      five.end(ENODEV);
      await run.fired('5 failed, 4 pends', eventfd);
      await run.fences('exported late', run.exportPoint(device, timeline, 5n));
      run.points('5 failed, 4 pends', device, timeline);
      four.end(0);
      await run.fired('4 signalled', eventfd);
      run.points('4 signalled', device, timeline);
    },
    expected: [
      '5 failed, 4 pends: 0',
      'exported late: -19 0',
      '5 failed, 4 pends: signalled 0 submitted 5',
      '4 signalled: 1',
      '4 signalled: signalled 5 submitted 5',
    ],
  },
  {
    name: 'a binary syncobj keeps the error until it is replaced',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const binary = device.createTimeline();
      run.attach(device, binary, 0n).end(ENODEV);
      await run.status('failed', run.exportPoint(device, binary, 0n));
      run.attach(device, binary, 0n).end(0);
      await run.status('replaced', run.exportPoint(device, binary, 0n));
    },
    expected: ['failed: -19 readable', 'replaced: 1 readable'],
  },
  {
    name: 'a sync_file that has failed already: an import keeps its error where it is direct, a transfer loses it',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const fence = run.fence();
      fence.end(ENODEV);
      device.importSyncFile(timeline, 5n, fence.syncFile.fd);
      await run.status('imported', run.exportPoint(device, timeline, 5n));
      const other = device.createTimeline();
      device.transfer(timeline, 5n, other, 1n);
      await run.status('transferred to a point', run.exportPoint(device, other, 1n));
    },
    expected: ({ pointSyncFile }) => [
      pointSyncFile === 'direct' ? 'imported: -19 readable' : 'imported: 1 readable',
      'transferred to a point: 1 readable',
    ],
  },
  {
    name: 'a merge shows an error early, hides one late, and leaves out what failed before it',
    fails: true,
    run: async (run) => {
      const { syncFiles } = run.rig.kernel;
      const first = run.fence();
      const second = run.fence();
      const merged = run.own(syncFiles.merge(first.syncFile.fd, second.syncFile.fd));
      await run.status('both pend', merged);
      const order = [...syncFiles.info(merged.fd).fences.keys()].length;
      run.trace.push(`fences: ${order}`);
      first.end(ENODEV);
      second.end(0);
      await run.status('one failed', merged);
      const third = run.fence();
      const late = run.own(syncFiles.merge(first.syncFile.fd, third.syncFile.fd));
      third.end(0);
      await run.status('merged after the failure', late);
    },
    expected: [
      'both pend: 0',
      'fences: 2',
      'one failed: -19 readable',
      'merged after the failure: 1 readable',
    ],
  },
  {
    name: 'while one merged fence is active, the first decides what is told of the whole, and no failure makes it readable',
    fails: true,
    run: async (run) => {
      const { syncFiles } = run.rig.kernel;
      const [first, second, third, fourth] = [run.fence(), run.fence(), run.fence(), run.fence()];
      const early = run.own(syncFiles.merge(first.syncFile.fd, second.syncFile.fd));
      const late = run.own(syncFiles.merge(third.syncFile.fd, fourth.syncFile.fd));
      first.end(ENODEV);
      fourth.end(ENODEV);
      await run.status('the first failed', early);
      await run.status('the second failed', late);
      second.end(0);
      third.end(0);
      await run.status('the first failed, both over', early);
      await run.status('the second failed, both over', late);
    },
    expected: [
      'the first failed: -19',
      'the second failed: 0',
      'the first failed, both over: -19 readable',
      'the second failed, both over: -19 readable',
    ],
  },
  {
    name: 'a merge of two pending fences on a point shows the error of one in a late export',
    fails: true,
    run: async (run) => {
      const device = run.device('A');
      const timeline = device.createTimeline();
      const first = run.fence();
      const second = run.fence();
      const merged = run.own(run.rig.kernel.syncFiles.merge(first.syncFile.fd, second.syncFile.fd));
      device.importSyncFile(timeline, 5n, merged.fd);
      const eventfd = run.eventfd();
      device.arm(timeline, 5n, 'signalled', eventfd.fd);
      first.end(ENODEV);
      await run.fired('one failed', eventfd);
      second.end(0);
      await run.fired('both ended', eventfd);
      await run.status('late export', run.exportPoint(device, timeline, 5n));
    },
    expected: ['one failed: 0', 'both ended: 1', 'late export: -19 readable'],
  },
  {
    name: 'the implicit fences of a dma-buf: pending, then signalled; none is a signalled stub',
    fails: true,
    run: async (run) => {
      const { dmabufs } = run.rig.kernel;
      const dmabuf = run.own(run.rig.createDmabuf());
      await run.status('no fence', run.own(dmabufs.exportSyncFile(dmabuf.fd, 'read')));
      const fence = run.fence();
      dmabufs.importSyncFile(dmabuf.fd, fence.syncFile.fd, 'write');
      const forReader = run.own(dmabufs.exportSyncFile(dmabuf.fd, 'read'));
      await run.status('written, for a reader', forReader);
      fence.end(ENODEV);
      await run.status('failed', forReader);
      await run.status('exported late', run.own(dmabufs.exportSyncFile(dmabuf.fd, 'read')));
    },
    expected: [
      'no fence: 1 readable',
      'written, for a reader: 0',
      'failed: -19 readable',
      'exported late: 1 readable',
    ],
  },
  {
    name: 'readers of a dma-buf do not wait for readers, writers do',
    run: async (run) => {
      const { dmabufs } = run.rig.kernel;
      const dmabuf = run.own(run.rig.createDmabuf());
      const fence = run.fence();
      dmabufs.importSyncFile(dmabuf.fd, fence.syncFile.fd, 'read');
      await run.status('for a reader', run.own(dmabufs.exportSyncFile(dmabuf.fd, 'read')));
      const forWriter = run.own(dmabufs.exportSyncFile(dmabuf.fd, 'write'));
      await run.status('for a writer', forWriter);
      fence.end(0);
      await run.status('for a writer, later', forWriter);
    },
    expected: ['for a reader: 1 readable', 'for a writer: 0', 'for a writer, later: 1 readable'],
  },
];
