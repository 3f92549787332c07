import { expect, test } from 'vitest';
import { SECOND, inWorld } from './world.ts';

test(
  'a point that is not submitted and a GPU that is slow are told apart, and logged once an owner',
  inWorld((world) => {
    const owner = world.owner('app');
    const client = world.client();
    const timeline = owner.importTimeline(client.exportFd());
    const fence = client.submit(1n);
    const waits = [world.wait(timeline, 1n), world.wait(timeline, 2n), world.wait(timeline, 3n)];
    world.advance(4n * SECOND);
    expect(world.types('overdue')).toEqual([]);
    world.advance(2n * SECOND);
    expect(world.types('overdue')).toMatchObject([
      { phase: 'unsubmitted', point: 2n },
      { phase: 'unsubmitted', point: 3n },
      { phase: 'submitted', point: 1n },
    ]);
    const overdue = world.logged.filter((line) => line.includes('for 5000 ms'));
    expect(overdue).toEqual([
      'app: point 2 of timeline@1 is not submitted by the client for 5000 ms',
      'app: point 1 of timeline@1 is submitted, but the GPU is slow for 5000 ms',
    ]);
    expect(owner.stats().waits.map(({ phase, point }) => [phase, point])).toEqual([
      ['submitted', 1n],
      ['unsubmitted', 2n],
      ['unsubmitted', 3n],
    ]);
    expect(waits.flatMap((wait) => wait.outcomes)).toEqual([]);
    fence.signal();
    world.turn();
    for (const wait of waits) wait.unsubscribe();
  }),
);

test(
  'the age of a submitted point counts from its submission',
  inWorld((world) => {
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    const seen = world.wait(timeline, 1n);
    world.advance(4n * SECOND);
    client.submit(1n);
    world.advance(4n * SECOND);
    expect(world.types('overdue')).toEqual([]);
    expect(world.manager().stats().waits).toMatchObject([
      { phase: 'submitted', ageNs: 4n * SECOND },
    ]);
    seen.unsubscribe();
  }),
);

test(
  'a policy may end waits as lost, each kind after its own time',
  inWorld((world) => {
    world.manager('failover', {
      policy: {
        unsubmitted: { reportAfterNs: SECOND, giveUpAfterNs: 3n * SECOND },
        submitted: { reportAfterNs: SECOND, giveUpAfterNs: 10n * SECOND },
      },
    });
    const client = world.client();
    const timeline = world.owner().importTimeline(client.exportFd());
    client.submit(1n);
    const slow = world.wait(timeline, 1n);
    const never = world.wait(timeline, 2n);
    world.advance(3n * SECOND);
    expect(never.outcomes).toEqual([{ type: 'lost', reason: 'never-submitted' }]);
    expect(slow.outcomes).toEqual([]);
    world.advance(7n * SECOND);
    expect(slow.outcomes).toEqual([{ type: 'lost', reason: 'timed-out' }]);
  }),
);

test(
  'the policy overrides the grace that the strategy gives',
  inWorld((world) => {
    world.manager('failover', {
      policy: {
        unsubmitted: { reportAfterNs: SECOND, giveUpAfterNs: null },
        submitted: { reportAfterNs: SECOND, giveUpAfterNs: null },
        unsubmittedGraceNs: null,
      },
    });
    const timeline = world.owner().importTimeline(world.client('sim:1').exportFd());
    const seen = world.wait(timeline, 1n);
    world.unplug('sim:1');
    world.advance(100n * SECOND);
    expect(seen.outcomes).toEqual([]);
    seen.unsubscribe();
  }),
);
