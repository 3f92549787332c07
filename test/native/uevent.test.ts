import { expect, test, type TestContext } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { hasErrno } from '../../native/errors.ts';
import { EPOLLIN } from '../../native/poller.ts';
import { EAGAIN, EMSGSIZE } from '../../native/errno.ts';

const KERNEL_GROUP = 1;
/** A group nobody else sends to, so that udevd's listeners are left alone. */
const TEST_GROUP = 1 << 10;
const root = process.getuid?.() === 0;

function openSocket(groups: number): OwnedFd {
  return new OwnedFd(native.ueventSocket(groups));
}

test('a socket of the kernel group has nothing at first', () => {
  using socket = openSocket(KERNEL_GROUP);
  expect(native.ueventReceive(socket.fd, new Uint8Array(8192))).toBe(-EAGAIN);
});

test.skipIf(!root)(
  'a message of root to another group arrives (skipped unless root)',
  (context) => {
    using socket = openSocket(TEST_GROUP);
    using sender = openSocket(0);
    const message = Buffer.from('libudev\0test');
    send(context, sender, message, TEST_GROUP);
    const into = new Uint8Array(64);
    expect(native.ueventReceive(socket.fd, into)).toBe(message.length);
    expect(Buffer.from(into.subarray(0, message.length))).toEqual(message);
    expect(native.ueventReceive(socket.fd, into)).toBe(-EAGAIN);
  },
);

test.skipIf(!root)('a message that does not fit is told apart (skipped unless root)', (context) => {
  using socket = openSocket(TEST_GROUP);
  using sender = openSocket(0);
  send(context, sender, Buffer.alloc(100), TEST_GROUP);
  expect(native.ueventReceive(socket.fd, new Uint8Array(99))).toBe(-EMSGSIZE);
});

test.skipIf(!root)(
  'a message to the kernel group that is not the kernel’s is dropped (skipped unless root)',
  (context) => {
    using socket = openSocket(KERNEL_GROUP);
    using sender = openSocket(0);
    const forged = Buffer.from('remove@/devices/forged\0ACTION=remove\0');
    send(context, sender, forged, KERNEL_GROUP);
    expect(native.poll(socket.fd, EPOLLIN, 1000)).toBe(EPOLLIN);
    const into = new Uint8Array(8192);
    const seen: string[] = [];
    for (let length = native.ueventReceive(socket.fd, into); length >= 0;) {
      seen.push(Buffer.from(into.subarray(0, length)).toString());
      length = native.ueventReceive(socket.fd, into);
    }
    expect(seen.filter((text) => text.includes('forged'))).toEqual([]);
  },
);

test('what is not a socket throws', () => {
  using fd = new OwnedFd(native.eventfd(0));
  expect(() => native.ueventSend(fd.fd, new Uint8Array(1), 1)).toThrow('sendmsg failed (ENOTSOCK)');
});

/** Sends to the test's group, or skips the test where root has no CAP_NET_ADMIN (a container). */
function send(context: TestContext, sender: OwnedFd, message: Uint8Array, group: number): void {
  try {
    native.ueventSend(sender.fd, message, group);
  } catch (error) {
    if (hasErrno(error, 'EPERM')) context.skip('sending to a netlink group needs CAP_NET_ADMIN');
    throw error;
  }
}
