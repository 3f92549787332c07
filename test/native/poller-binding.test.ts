/** The poller's functions as the addon has them; the class over them is tested in poller.test.ts. */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT } from '../../native/poller.ts';
import { failure, runChild } from './support.ts';

/** A poller closed at the end of the test, and what it found. */
function makePoller(
  onReady: (count: number) => void = () => {},
  capacity = 8,
): { poller: number; ready: Int32Array<ArrayBuffer>; [Symbol.dispose](): void } {
  const ready = new Int32Array(2 * capacity);
  const poller = native.pollerCreate(ready.buffer, onReady);
  return { poller, ready, [Symbol.dispose]: () => native.pollerClose(poller) };
}

test('what is ready is written as pairs of id and events', () => {
  using made = makePoller();
  using first = new OwnedFd(native.eventfd(1));
  using second = new OwnedFd(native.eventfd(0));
  native.pollerAdd(made.poller, first.fd, EPOLLIN, 7);
  native.pollerAdd(made.poller, second.fd, EPOLLIN | EPOLLOUT, 0x7fff_ffff);
  expect(native.pollerWait(made.poller, 0)).toBe(2);
  expect([...made.ready.subarray(0, 4)]).toEqual([7, EPOLLIN, 0x7fff_ffff, EPOLLOUT]);
});

test('an edge is told once, a level again and again', () => {
  using made = makePoller();
  using fd = new OwnedFd(native.eventfd(0));
  native.pollerAdd(made.poller, fd.fd, EPOLLIN | EPOLLET, 1);
  native.eventfdWrite(fd.fd, 1n);
  expect([native.pollerWait(made.poller, 0), native.pollerWait(made.poller, 0)]).toEqual([1, 0]);
  native.eventfdWrite(fd.fd, 1n);
  expect(native.pollerWait(made.poller, 0)).toBe(1);
  native.pollerModify(made.poller, fd.fd, EPOLLIN, 2);
  expect([native.pollerWait(made.poller, 0), native.pollerWait(made.poller, 0)]).toEqual([1, 1]);
  expect(made.ready[0]).toBe(2);
  native.pollerRemove(made.poller, fd.fd);
  expect(native.pollerWait(made.poller, 0)).toBe(0);
});

test('no more is taken than there is room for; the rest stays', () => {
  using made = makePoller(() => {}, 2);
  const fds = Array.from({ length: 5 }, () => new OwnedFd(native.eventfd(1)));
  fds.forEach((fd, id) => native.pollerAdd(made.poller, fd.fd, EPOLLIN | EPOLLET, id));
  const counts = [0, 1, 2, 3].map(() => native.pollerWait(made.poller, 0));
  expect(counts).toEqual([2, 2, 1, 0]);
  for (const fd of fds) fd.close();
});

test('the loop calls back once for all that is ready', async () => {
  const counts: number[] = [];
  using made = makePoller((count) => counts.push(count));
  const fds = Array.from({ length: 3 }, () => new OwnedFd(native.eventfd(1)));
  fds.forEach((fd, id) => native.pollerAdd(made.poller, fd.fd, EPOLLIN | EPOLLET, id));
  native.pollerStart(made.poller);
  await turns(3);
  expect(counts).toEqual([3]);
  native.pollerStop(made.poller);
  native.eventfdWrite(fds[0]?.fd ?? -1, 1n);
  await turns(3);
  expect(counts).toEqual([3]);
  native.pollerStart(made.poller);
  await turns(3);
  expect(counts).toEqual([3, 1]);
  for (const fd of fds) fd.close();
});

test('microtasks run before the loop goes on', async () => {
  const order: string[] = [];
  using fd = new OwnedFd(native.eventfd(1));
  using made = makePoller(() => {
    order.push('callback');
    process.nextTick(() => order.push('tick'));
    void Promise.resolve().then(() => order.push('microtask'));
    setImmediate(() => order.push('immediate'));
  });
  native.pollerAdd(made.poller, fd.fd, EPOLLIN | EPOLLET, 1);
  native.pollerStart(made.poller);
  await turns(4);
  expect(order).toEqual(['callback', 'tick', 'microtask', 'immediate']);
});

test('a hang-up is told without being asked for', () => {
  using made = makePoller();
  const [first, second] = native.socketPair();
  using left = new OwnedFd(first);
  new OwnedFd(second).close();
  native.pollerAdd(made.poller, left.fd, 0, 3);
  expect(native.pollerWait(made.poller, 0)).toBe(1);
  expect((made.ready[1] ?? 0) & EPOLLHUP).toBe(EPOLLHUP);
});

test('closing in the callback ends it at once', async () => {
  let calls = 0;
  using fd = new OwnedFd(native.eventfd(1));
  const poller = native.pollerCreate(new ArrayBuffer(8), () => {
    calls++;
    native.pollerClose(poller);
    native.pollerClose(poller);
  });
  native.pollerAdd(poller, fd.fd, EPOLLIN, 1);
  native.pollerStart(poller);
  await turns(4);
  expect(calls).toBe(1);
  expect(() => native.pollerStart(poller)).toThrow(RangeError);
  expect(() => native.pollerWait(poller, 0)).toThrow(RangeError);
});

test('errors name the epoll call', () => {
  using made = makePoller();
  using fd = new OwnedFd(native.eventfd(0));
  native.pollerAdd(made.poller, fd.fd, EPOLLIN, 1);
  expect(failure(() => native.pollerAdd(made.poller, fd.fd, EPOLLIN, 1))).toMatchObject({
    code: 'EEXIST',
    syscall: 'epoll_ctl(EPOLL_CTL_ADD)',
  });
  expect(failure(() => native.pollerRemove(made.poller, 9999)).code).toBe('EBADF');
  expect(() => native.pollerCreate(new ArrayBuffer(4), () => {})).toThrow(RangeError);
});

test('a buffer taken away while the poller runs stops its events, not the process', async () => {
  let calls = 0;
  using fd = new OwnedFd(native.eventfd(1));
  using made = makePoller(() => calls++);
  native.pollerAdd(made.poller, fd.fd, EPOLLIN, 1);
  const { buffer } = made.ready;
  structuredClone(buffer, { transfer: [buffer] });
  expect(native.pollerWait(made.poller, 0)).toBe(0);
  expect(calls).toBe(0);
});

const READY_POLLER = `
const fd = native.eventfd(1);
const start = (onReady, events = 1) => {
  const poller = native.pollerCreate(new ArrayBuffer(32), onReady);
  native.pollerAdd(poller, fd, events, 1);
  native.pollerStart(poller);
  native.pollerRef(poller, true);
  return poller;
};
`;

test('what the callback throws reaches uncaughtException, and the loop goes on', () => {
  const source = `${READY_POLLER}
    let calls = 0;
    const errors = [];
    process.on('uncaughtException', (error) => errors.push(error.message));
    const poller = start(() => {
      if (++calls === 3) { native.pollerClose(poller); console.log(JSON.stringify(errors)); }
      else throw new Error('call ' + calls);
    });`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: '["call 1","call 2"]\n' });
});

test('without a handler it ends the process with the stack', () => {
  const ran = runChild(`${READY_POLLER} start(() => { throw new Error('out of here'); });`);
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain('Error: out of here');
});

test('only a running poller with a reference keeps the process alive', () => {
  const idle = `const poller = native.pollerCreate(new ArrayBuffer(32), () => {});
    native.pollerAdd(poller, native.eventfd(0), 1, 1);`;
  expect(runChild(idle).status).toBe(0);
  expect(
    runChild(`${idle} native.pollerStart(poller); native.pollerRef(poller, false);`).status,
  ).toBe(0);
  const ended = `${idle} native.pollerStart(poller); native.pollerRef(poller, true);
    setTimeout(() => { console.log('alive'); native.pollerClose(poller); }, 50).unref();`;
  expect(runChild(ended)).toMatchObject({ status: 0, stdout: 'alive\n' });
});

test('a worker ends cleanly with its poller running, also when it is terminated in the middle', () => {
  const source = `
    const { Worker } = require('node:worker_threads');
    const addon = Object.values(require.cache)[0].filename;
    const work = 'const native = require(' + JSON.stringify(addon) + ');'
      + 'const poller = native.pollerCreate(new ArrayBuffer(32), () => {});'
      + 'const fd = native.eventfd(1);'
      + 'native.pollerAdd(poller, fd, 1, 1); native.pollerStart(poller); native.pollerRef(poller, true);'
      + 'require("node:worker_threads").parentPort.postMessage("running");';
    let left = 5;
    const again = () => {
      if (left-- === 0) return console.log('done');
      const worker = new Worker(left % 2 ? work : work + 'setTimeout(() => process.exit(0), 20)', { eval: true });
      if (left % 2) worker.on('message', () => worker.terminate());
      worker.on('exit', again);
    };
    again();`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' });
});

test('a process may end by process.exit in the callback', () => {
  const ran = runChild(`${READY_POLLER} start(() => process.exit(7));`);
  expect(ran).toMatchObject({ status: 7, signal: null, stderr: '' });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
