import { expect, test } from 'vitest';
import { ENOMEM } from '../../native/errno.ts';
import { systemError } from '../../native/errors.ts';
import { Account, TotalAccount, defaultBudgets, type BudgetLimits } from '../../sync/budget.ts';
import { OWN_PROCESS } from '../../sync/peer.ts';
import { BudgetExceededError } from '../../sync/errors.ts';
import { inWorld, SECOND, type SyncWorld } from './world.ts';

const UNLIMITED = { soft: Infinity, hard: Infinity };
const NO_LIMITS: BudgetLimits = {
  timelines: UNLIMITED,
  waits: UNLIMITED,
  registrations: UNLIMITED,
  releases: UNLIMITED,
  fds: UNLIMITED,
};

test('a soft limit is told once when crossed, and once when there is room again', () => {
  const told: string[] = [];
  const limits = { ...NO_LIMITS, waits: { soft: 4, hard: 6 } };
  const account = new Account(
    'app',
    OWN_PROCESS,
    limits,
    new TotalAccount(NO_LIMITS),
    ({ state, count }) => told.push(`${state} at ${count}`),
  );
  for (let count = 0; count < 6; count++) account.waits.take();
  expect(() => account.waits.take()).toThrow(BudgetExceededError);
  for (let count = 0; count < 6; count++) account.waits.give();
  expect(told).toEqual(['exceeded at 5', 'relieved at 3']);
});

test('at the total the greedy are refused, and the modest still served', () => {
  const total = new TotalAccount({ ...NO_LIMITS, fds: { soft: Infinity, hard: 10 } });
  const greedy = new Account('greedy', OWN_PROCESS, NO_LIMITS, total, () => {});
  const modest = new Account('modest', OWN_PROCESS, NO_LIMITS, total, () => {});
  for (let count = 0; count < 10; count++) greedy.fds.take();
  expect(() => greedy.fds.take()).toThrow('greedy: more than 10 fds of all owners');
  for (let count = 0; count < 5; count++) modest.fds.take();
  expect(() => modest.fds.take()).toThrow(BudgetExceededError);
  greedy.close();
  modest.fds.take();
  expect(total.counts.fds).toBe(6);
});

test('what an owner may hold of descriptors follows the limit of the process', () => {
  expect(defaultBudgets(1000).owner.fds.hard).toBe(150);
  expect(defaultBudgets(1000).total.fds.hard).toBe(500);
});

test(
  'a client of too many timelines is refused, keeps what it has, and others are served',
  inWorld((world) => {
    const budgets = defaultBudgets(1024);
    world.manager('failover', {
      budgets: { owner: { ...budgets.owner, timelines: { soft: Infinity, hard: 20 } } },
    });
    const hostile = world.owner('hostile');
    const client = world.client();
    for (let count = 0; count < 20; count++) hostile.importTimeline(client.exportFd());
    const refused = client.exportFd();
    expect(() => hostile.importTimeline(refused)).toThrow(BudgetExceededError);
    expect(refused.closed).toBe(true);
    expect(hostile.stats().counts).toMatchObject({ timelines: 20, fds: 20 });
    const fine = world.owner('fine').importTimeline(client.exportFd());
    const seen = world.wait(fine, 1n);
    client.signal(1n);
    world.turn();
    expect(seen.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);

test(
  'descending points, each needing a registration, end at the limit; the subscriber is told',
  inWorld((world) => {
    const budgets = defaultBudgets(1024);
    world.manager('failover', {
      budgets: { owner: { ...budgets.owner, registrations: { soft: 5, hard: 10 } } },
    });
    const owner = world.owner('hostile');
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    const seen = Array.from({ length: 15 }, (_, index) =>
      world.wait(timeline, 100n - BigInt(index)),
    );
    expect(seen.filter((wait) => wait.error instanceof BudgetExceededError)).toHaveLength(5);
    expect(owner.stats().counts).toMatchObject({ waits: 10, registrations: 10 });
    expect(world.budget).toMatchObject([{ resource: 'registrations', state: 'exceeded' }]);
    client.signal(100n);
    world.turn();
    expect(owner.stats().counts).toMatchObject({ waits: 0, registrations: 0 });
    expect(world.budget.at(-1)).toMatchObject({ resource: 'registrations', state: 'relieved' });
  }),
);

test(
  'commit, cancel, repeat does not grow the kernel: the armed registration serves again',
  inWorld((world) => {
    const owner = world.owner('hostile');
    const timeline = owner.importTimeline(world.client().exportFd());
    for (let point = 1n; point <= 1000n; point++) world.wait(timeline, point).unsubscribe();
    expect(world.kernel.accounting().armed).toBe(1);
    expect(owner.stats().counts).toMatchObject({ waits: 0, registrations: 1 });
  }),
);

test(
  'a destroyed timeline is followed while a registration of it can still fire, then freed',
  inWorld((world) => {
    const owner = world.owner();
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    world.wait(timeline, 1n).unsubscribe();
    timeline.dispose();
    expect(owner.stats().counts).toMatchObject({ timelines: 1, registrations: 1 });
    client.signal(1n);
    world.turn();
    expect(owner.stats()).toMatchObject({
      handles: 0,
      counts: { timelines: 0, registrations: 0, fds: 0 },
    });
  }),
);

test(
  'an unplug storm adds no registrations: they hang on the syncobj, not on the device',
  inWorld((world) => {
    const owner = world.owner();
    const timeline = owner.importTimeline(world.client('sim:2').exportFd());
    world.manager();
    const seen = world.wait(timeline, 1n);
    for (let round = 0; round < 20; round++) {
      const id = `sim:${round % 2}`;
      world.kernel.removeDevice(id);
      world.advance(30_000_000n);
      world.plug(id);
    }
    expect(world.kernel.accounting().armed).toBe(1);
    expect(owner.stats().counts.registrations).toBe(1);
    seen.unsubscribe();
  }, 3),
);

test(
  'above its descriptors a client is served without sync_files',
  inWorld((world) => {
    const budgets = defaultBudgets(1024);
    world.manager('failover', {
      budgets: { owner: { ...budgets.owner, fds: { soft: Infinity, hard: 2 } } },
    });
    const owner = world.owner();
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    const fences = [client.submit(1n), client.submit(2n)];
    const seen = [world.wait(timeline, 1n), world.wait(timeline, 2n)];
    expect(owner.stats().counts.fds).toBe(2);
    for (const fence of fences) fence.signal();
    world.turn();
    expect(seen.map((wait) => wait.outcomes)).toMatchObject([
      [{ type: 'signalled', errorsVisible: true }],
      [{ type: 'signalled' }],
    ]);
  }),
);

test(
  'points submitted at once, of a client that may hold and arm nothing more, still end',
  inWorld((world) => {
    const budgets = defaultBudgets(1024);
    const limits = {
      fds: { soft: Infinity, hard: 2 },
      registrations: { soft: Infinity, hard: 1 },
    };
    world.manager('failover', { budgets: { owner: { ...budgets.owner, ...limits } } });
    const owner = world.owner();
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    const seen = [1n, 2n, 3n].map((point) => world.wait(timeline, point));
    owner.importTimeline(world.client().exportFd());
    expect(owner.stats().counts).toMatchObject({ fds: 2, registrations: 1 });
    const fence = client.submit(3n);
    world.turn();
    fence.signal();
    world.advance(SECOND);
    for (const wait of seen) expect(wait.outcomes).toMatchObject([{ type: 'signalled' }]);
  }),
);

test(
  'a sync_file that cannot be read is not kept above the limit of descriptors',
  inWorld((world) => {
    const budgets = defaultBudgets(1024);
    world.manager('failover', {
      budgets: { owner: { ...budgets.owner, fds: { soft: Infinity, hard: 1 } } },
    });
    const owner = world.owner();
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    const seen = world.wait(timeline, 1n);
    const fence = client.submit(1n);
    const restore = unreadable(world);
    fence.fail(5);
    world.turn();
    expect(owner.stats().counts).toMatchObject({ waits: 1, fds: 1 });
    restore();
    world.advance(SECOND);
    expect(seen.outcomes).toMatchObject([{ type: 'failed', errno: 5 }]);
  }),
);

/** No memory to tell how a sync_file has ended, until restored. */
function unreadable(world: SyncWorld): () => void {
  const { syncFiles } = world.kernel;
  syncFiles.end = () => {
    throw systemError(ENOMEM, 'ioctl(SYNC_IOC_FILE_INFO)');
  };
  return () => Reflect.deleteProperty(syncFiles, 'end');
}
