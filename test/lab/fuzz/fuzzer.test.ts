/** The fuzzer finds bugs: planted ones of every kind, and makes them small. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { fuzz, type FoundFailure } from '../../../lab/fuzz/fuzzer.ts';
import { inputFromText, inputToText } from '../../../lab/fuzz/input.ts';
import { loadServerInterfaces } from '../../../lab/fuzz/interfaces.ts';
import type { FailureKind } from '../../../lab/fuzz/play.ts';
import type { FuzzTarget } from '../../../lab/fuzz/target.ts';
import { createWireTarget } from '../../../lab/fuzz/wire-target.ts';
import type { Resource, ServerInterface } from '../../../protocols/server/resource.ts';

const types = await loadServerInterfaces();
const descriptions = new Map([...types].map(([name, { description }]) => [name, description]));
/** What the planted hang takes; the machine may make any other turn slow. */
const HANG_MS = 60;
const NEVER_MS = 60_000;
const CREATE_POOL = 0;

/** What a bug does when wl_shm.create_pool comes. */
type Bug = (target: FuzzTarget, resource: Resource) => void;

/** The wire with one bug in it. */
function planted(bug: Bug): FuzzTarget {
  const shm = types.get('wl_shm') as ServerInterface<unknown>;
  const target: FuzzTarget = createWireTarget(
    new Map(types).set('wl_shm', {
      ...shm,
      dispatch(resource, reader) {
        const { opcode } = reader;
        // One request at a time.
        reader.stop();
        shm.dispatch(resource, reader);
        if (opcode === CREATE_POOL) bug(target, resource);
      },
    }),
  );
  return target;
}

async function firstFailure(bug: Bug, maxTurnMs = NEVER_MS): Promise<FoundFailure | undefined> {
  const report = await fuzz({
    createTarget: () => planted(bug),
    descriptions,
    seed: 1,
    maxTurnMs,
    goOn: ({ inputs, failures }) => inputs < 500 && !failures.some(reproduces),
    breathe: () => Promise.resolve(),
  });
  // A turn that a busy machine made long is no hang of the planted kind: it does not come again.
  return report.failures.find(reproduces) ?? report.failures[0];
}

function reproduces(failure: FoundFailure): boolean {
  return failure.reproduces;
}

const leaked: OwnedFd[] = [];

test.each<[FailureKind, string, Bug]>([
  [
    'logged-error',
    'a handler throws',
    () => {
      throw new TypeError('planted');
    },
  ],
  [
    'crash',
    'a turn throws',
    (target) => {
      const stop = target.poller.onTurnEnd(() => {
        stop();
        throw new TypeError('planted');
      });
    },
  ],
  [
    'hang',
    'a handler takes long',
    () => {
      const start = process.cpuUsage();
      let workedUs = 0;
      while (workedUs < HANG_MS * 1000) {
        const { user, system } = process.cpuUsage(start);
        workedUs = user + system;
      }
    },
  ],
  [
    'bystander',
    'everybody else is cut',
    (target, resource) => {
      for (const client of target.display.clients)
        if (client !== resource.client) client.disconnect();
    },
  ],
  ['fd-leak', 'a descriptor is forgotten', () => leaked.push(new OwnedFd(native.eventfd(0)))],
  [
    'left-over',
    'the poller goes on watching',
    (target, { client }) => {
      const fd = new OwnedFd(native.eventfd(0));
      target.poller.watch(fd.fd, 0, () => undefined);
      client.addDestroyListener(() => fd.close());
    },
  ],
])(
  '%s: %s',
  async (kind, _what, bug) => {
    const failure = await firstFailure(bug, kind === 'hang' ? HANG_MS / 2 : NEVER_MS);
    for (const fd of leaked.splice(0)) fd.close();
    expect(failure).toMatchObject({ kind, reproduces: true });
    // get_registry, bind, create_pool; making a hang smaller would take long.
    if (kind !== 'hang') expect(failure?.input.steps).toHaveLength(3);
  },
  60_000,
);

test('inputs survive being written and read', async () => {
  const failure = await firstFailure(() => {
    throw new TypeError('planted');
  });
  const input = failure?.input ?? { flow: { pace: 'step', reads: true }, steps: [] };
  expect(inputFromText(inputToText(input))).toEqual(input);
  expect(() => inputFromText('{}')).toThrow(SyntaxError);
});
