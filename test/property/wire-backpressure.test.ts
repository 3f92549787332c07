/** A client that reads now and then, a server that writes bytes and descriptors: all of it arrives, in order, whatever the rhythm. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { WlKeyboard } from '../../protocols/generated/wayland.server.ts';
import { withHarness } from '../protocols/server/harness.ts';

/** What happens next. Sizes make a socket's buffer fill up and empty again several times a run. */
const step = fc.oneof(
  fc.record({ type: fc.constant('keys' as const), count: fc.integer({ min: 1, max: 3000 }) }),
  fc.record({ type: fc.constant('keymaps' as const), count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ type: fc.constant('enter' as const), count: fc.integer({ min: 0, max: 60_000 }) }),
  fc.record({ type: fc.constant('turn' as const), count: fc.constant(1) }),
  fc.record({ type: fc.constant('read' as const), count: fc.integer({ min: 1, max: 200_000 }) }),
);

test('bytes and descriptors arrive complete and in order', () =>
  withHarness(
    (harness) => {
      let blocked = 0;
      fc.assert(
        fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
          const { raw, client } = harness.raw();
          const keyboard = client.createResource(WlKeyboard, 7, 0);
          const sizes: number[] = [];
          let serial = 0;
          const wanted: number[] = [];
          const actions = {
            keys: (count: number) => {
              for (let index = 0; index < count; index++) {
                WlKeyboard.sendKey(keyboard, ++serial, 0, 1, 1);
                wanted.push(serial);
              }
            },
            keymaps: (count: number) => {
              for (let index = 0; index < count; index++) {
                const memory = new OwnedFd(native.memfdCreate('keymap', 1));
                native.ftruncate(memory.fd, ++serial);
                WlKeyboard.sendKeymap(keyboard, 1, memory.fd, serial);
                memory.close();
                wanted.push(serial);
                sizes.push(serial);
              }
            },
            enter: (count: number) => {
              WlKeyboard.sendEnter(keyboard, ++serial, keyboard as never, new Uint8Array(count));
              wanted.push(serial);
            },
            turn: () => harness.settle(),
            read: (count: number) => raw.readSome(count),
          };
          for (const { type, count } of steps) {
            actions[type](count);
            if (client.connection.writer.blocked) blocked++;
          }
          for (let turn = 0; turn < 1000 && raw.received.length < wanted.length; turn++) {
            harness.settle();
            raw.read();
          }
          const got = raw.received.map(({ opcode, words }) => (opcode === 0 ? words[1] : words[0]));
          expect(got).toEqual(wanted);
          expect(raw.receivedFds.map(({ fd }) => native.fstat(fd).sizeBytes)).toEqual(sizes);
          expect(client.connection.writer.queuedBytes).toBe(0);
          raw.close();
          harness.settle();
        }),
        { seed: 1, numRuns: 40 },
      );
      // Else this tested nothing.
      expect(blocked).toBeGreaterThan(0);
    },
    {
      limits: { maxMessageBytes: 0xfffc, maxQueuedBytes: 64 * 1024 * 1024, maxQueuedFds: 100_000 },
    },
  ));
