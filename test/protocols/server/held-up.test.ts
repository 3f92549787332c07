/** Programs of our user have more descriptors on their way than we may have: what we send waits, on both sides, and nobody is cut. */
import { afterEach, expect, test, vi } from 'vitest';
import { native } from '../../../native/binding.ts';
import { ETOOMANYREFS } from '../../../native/errno.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlShmProxy } from '../../../protocols/generated/wayland.client.ts';
import { WlKeyboard, WlShm } from '../../../protocols/generated/wayland.server.ts';
import { withHarness } from './harness.ts';
import { seatWithKeyboard } from './keyboard-client.ts';

const KEYMAP = 0;
const RETRY_NS = 10_000_000n;
const FD_COUNT = 5;

afterEach(() => void vi.restoreAllMocks());

/** As the kernel does it: what brings descriptors fails, until `over`. */
function takeNoDescriptors(): { attempts: number; over: () => void } {
  const { sendmsg } = native;
  const state = { attempts: 0, over: () => spy.mockRestore() };
  const spy = vi.spyOn(native, 'sendmsg').mockImplementation((...args) => {
    if (args[FD_COUNT] === 0) return sendmsg(...args);
    state.attempts++;
    return -ETOOMANYREFS;
  });
  return state;
}

test('an event with a descriptor waits, with those behind it, and is sent when the kernel takes it', () =>
  withHarness((harness) => {
    const { raw, keyboard } = seatWithKeyboard(harness);
    const { raw: other, keyboard: otherKeyboard } = seatWithKeyboard(harness);
    // The other's global.
    raw.read();
    raw.received.length = 0;
    const file = new OwnedFd(native.memfdCreate('keymap', 1));
    const kernel = takeNoDescriptors();
    WlKeyboard.sendKeymap(keyboard, 1, file.fd, 1);
    WlKeyboard.sendKey(keyboard, 1, 1, 30, 1);
    WlKeyboard.sendKey(otherKeyboard, 1, 1, 30, 1);
    harness.settle();
    expect(raw.read()).toHaveLength(0);
    expect(other.read()).toHaveLength(1);
    // The socket is writable all the time, and the loop does not turn for that.
    const { attempts } = kernel;
    expect(attempts).toBeGreaterThan(0);
    harness.settle();
    expect(kernel.attempts).toBe(attempts);
    harness.clock.advanceBy(RETRY_NS);
    harness.settle();
    expect(kernel.attempts).toBe(attempts + 1);
    expect(keyboard.client.connection.writer.heldUp).toBe(true);

    kernel.over();
    harness.clock.advanceBy(RETRY_NS);
    harness.settle();
    expect(raw.read().map(({ opcode }) => opcode)).toEqual([KEYMAP, 3]);
    expect(raw.receivedFds).toHaveLength(1);
    expect(keyboard.client.connection.writer.heldUp).toBe(false);
    file.close();
  }));

test('a client that leaves meanwhile leaves nothing behind', () =>
  withHarness((harness) => {
    const { raw, keyboard } = seatWithKeyboard(harness);
    const file = new OwnedFd(native.memfdCreate('keymap', 1));
    const kernel = takeNoDescriptors();
    WlKeyboard.sendKeymap(keyboard, 1, file.fd, 1);
    harness.settle();
    raw.close();
    harness.settle();
    expect(harness.display.clients.size).toBe(0);
    const { attempts } = kernel;
    harness.clock.advanceBy(RETRY_NS);
    harness.settle();
    expect(kernel.attempts).toBe(attempts);
    file.close();
  }));

test('a request with a descriptor waits as well', () =>
  withHarness(async (harness) => {
    const pools: number[] = [];
    harness.display.createGlobal(WlShm, 1, (shm) => {
      shm.handler = {
        createPool: (_shm, _pool, fd, size) => {
          fd.close();
          pools.push(size);
        },
        release: () => undefined,
      };
    });
    const client = harness.client();
    harness.settle();
    const shm = client.registry.bind(WlShmProxy, client.registry.find('wl_shm')!);
    const file = new OwnedFd(native.memfdCreate('pool', 1));
    const kernel = takeNoDescriptors();
    shm.createPool(file.fd, 4096);
    await Promise.resolve();
    harness.settle();
    expect(pools).toEqual([]);
    kernel.over();
    harness.clock.advanceBy(RETRY_NS);
    harness.settle();
    expect(pools).toEqual([4096]);
    expect(client.open).toBe(true);
    file.close();
  }));
