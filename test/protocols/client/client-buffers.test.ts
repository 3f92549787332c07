/** Connections of one poller read into the same memory: none must see what is another's. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import { message, RawClient, withHarness } from '../server/harness.ts';

const FIRST_SYNC = 3;

/** Clients of bare sockets, each with three syncs under way; `answers` gets the serials of the answers. */
function withClients(
  count: number,
  body: (clients: {
    displays: ClientDisplay[];
    servers: RawClient[];
    answers: number[][];
    settle(): void;
  }) => void,
): Promise<void> {
  return withHarness((harness) => {
    const pairs = Array.from({ length: count }, () => native.socketPair());
    const displays = pairs.map(([ours]) =>
      ClientDisplay.connect({ poller: harness.poller, fd: new OwnedFd(ours), env: {} }),
    );
    const servers = pairs.map(([, theirs]) => new RawClient(new OwnedFd(theirs)));
    const answers = displays.map((display) => {
      const serials: number[] = [];
      for (let sync = 0; sync < 3; sync++)
        display.proxy.sync().handler = { done: (_callback, serial) => void serials.push(serial) };
      return serials;
    });
    try {
      body({ displays, servers, answers, settle: () => harness.settle() });
    } finally {
      for (const display of displays) display.close();
      for (const server of servers) server.close();
    }
  });
}

function done(sync: number, serial: number): Buffer {
  return message(FIRST_SYNC + sync, 0, [serial]);
}

test('an event that comes in pieces waits for its rest while others are read', () =>
  withClients(3, ({ servers, answers, settle }) => {
    const whole = servers.map((_, index) => done(0, 100 + index));
    for (let byte = 0; byte < whole[0]!.length; byte++) {
      servers.forEach((server, index) => server.sendBytes(whole[index]!.subarray(byte, byte + 1)));
      settle();
    }
    expect(answers).toEqual([[100], [101], [102]]);
  }));

test('a handler may dispatch another connection, whose memory is not the one being read', () =>
  withClients(2, ({ displays, servers, answers, settle }) => {
    const [first, second] = displays;
    const nested: number[] = [];
    first!.proxy.sync().handler = {
      done: () => {
        servers[1]!.sendBytes(Buffer.concat([done(0, 7), done(1, 8), done(2, 9).subarray(0, 5)]));
        nested.push(second!.dispatch());
      },
    };
    servers[0]!.sendBytes(Buffer.concat([done(3, 0), done(0, 1), done(1, 2), done(2, 3)]));
    settle();
    expect({ nested, answers }).toEqual({
      nested: [2],
      answers: [
        [1, 2, 3],
        [7, 8],
      ],
    });
    servers[1]!.sendBytes(done(2, 9).subarray(5));
    settle();
    expect(answers[1]).toEqual([7, 8, 9]);
  }));

test('one that is closed with half an event leaves nothing to the next', () =>
  withClients(2, ({ displays, servers, answers, settle }) => {
    servers[0]!.sendBytes(done(0, 1).subarray(0, 9));
    settle();
    displays[0]!.close();
    servers[1]!.sendBytes(done(0, 2));
    settle();
    expect(answers).toEqual([[], [2]]);
  }));
