/** A busy poller takes several turns at a time (native/src/poller_stay.rs): whoever else is on the loop must not notice. */
import { readFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN, Poller } from '../../native/poller.ts';
import { runChild } from './support.ts';

let poller: Poller;
let ready: OwnedFd;
let turns = 0;

/** A poller that always has something to do. */
function busy(onTurn: () => void = () => {}): void {
  turns = 0;
  poller = new Poller();
  ready = new OwnedFd(native.eventfd(1));
  poller.watch(ready.fd, EPOLLIN, () => {
    turns++;
    onTurn();
  });
  poller.start();
}

afterEach(() => {
  poller.close();
  ready.close();
});

function loopCount(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}

test.skipIf(!('uvMetricsInfo' in performance.nodeTiming))(
  'takes many turns in one of the loop',
  async () => {
    const before = loopCount();
    busy();
    await expect.poll(() => turns).toBeGreaterThan(10_000);
    expect(turns).toBeGreaterThan(10 * (loopCount() - before));
  },
);

test('timers, immediates, threads and sockets go on meanwhile', async () => {
  busy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await readFile('/proc/self/comm', 'utf8')).not.toBe('');
  const server = createServer((socket) => socket.end('answer'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const text = await new Promise<string>((resolve, reject) => {
    let got = '';
    connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (part: string) => (got += part))
      .on('end', () => resolve(got))
      .on('error', reject);
  });
  expect(text).toBe('answer');
  await new Promise((resolve) => server.close(resolve));
  expect(turns).toBeGreaterThan(100);
});

test('what a callback of such a turn starts has its turn', async () => {
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    busy(() => {
      if (turns !== 1_000) return;
      setImmediate(() => seen.push('immediate'));
      setTimeout(() => seen.push('timer'), 1);
      void readFile('/proc/self/comm').then(() => seen.push('thread'));
      resolve();
    });
  });
  await expect.poll(() => seen.toSorted()).toEqual(['immediate', 'thread', 'timer']);
});

test('ticks and microtasks of such a turn come before the next one', async () => {
  const seen: [string, number][] = [];
  await new Promise<void>((resolve) => {
    busy(() => {
      if (turns !== 1_000) return;
      void Promise.resolve().then(() => seen.push(['microtask', turns]));
      process.nextTick(() => {
        seen.push(['tick', turns]);
        void Promise.resolve().then(() => seen.push(['microtask of a tick', turns]));
      });
      setTimeout(resolve, 1);
    });
  });
  expect(seen).toEqual([
    ['tick', 1_000],
    ['microtask', 1_000],
    ['microtask of a tick', 1_000],
  ]);
});

test('a rejection nobody handles is told as always', () => {
  const source = `${BUSY}
    process.on('unhandledRejection', (error) => { console.log(error.message, turns); native.pollerClose(poller); process.exit(); });
    function late() { void Promise.reject(new Error('late')); }`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: 'late 1000\n' });
});

test('stopped, started again and dispatched by hand within such a turn', async () => {
  let dispatched = 0;
  let reached = 0;
  busy(() => {
    if (turns === 500) {
      poller.stop();
      poller.start();
    }
    if (turns === 1_000) dispatched = poller.dispatch();
    if (turns === 1_500) poller.stop();
    if (turns > 1_500) reached++;
  });
  await expect.poll(() => turns).toBe(1_500);
  expect({ dispatched, reached }).toEqual({ dispatched: 1, reached: 0 });
  poller.start();
  await expect.poll(() => reached).toBeGreaterThan(500);
});

test('closed within such a turn', async () => {
  busy(() => {
    if (turns === 1_000) poller.close();
  });
  await expect.poll(() => turns).toBe(1_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(turns).toBe(1_000);
});

test('two busy pollers share the loop', async () => {
  let others = 0;
  busy();
  const other = new Poller();
  other.watch(ready.fd, EPOLLIN, () => others++);
  other.start();
  await expect.poll(() => Math.min(turns, others)).toBeGreaterThan(1_000);
  other.close();
});

test('further turns by hand are those of a poller that is not on the loop', async () => {
  busy();
  expect(() => poller.furtherTurn()).toThrow('on the event loop');
  poller.stop();
  const before = turns;
  expect([poller.furtherTurn(), poller.furtherTurn()]).toEqual([true, true]);
  expect(turns).toBe(before + 2);
  native.eventfdRead(ready.fd);
  expect(poller.furtherTurn()).toBe(false);
});

const BUSY = `
const fd = native.eventfd(1);
let turns = 0;
let veryLate = () => {};
const turn = () => {
  if (++turns === 1000) late();
  if (turns === 100000) veryLate();
};
const poller = native.pollerCreate(new ArrayBuffer(32), (count, mayStay) => {
  turn();
  while (mayStay) {
    process._tickCallback();
    if (native.pollerStay(poller) === 0) return;
    turn();
  }
});
native.pollerAdd(poller, fd, 1, 1);
native.pollerStart(poller);
native.pollerRef(poller, true);
`;

test('what is thrown in such a turn reaches uncaughtException', () => {
  const source = `${BUSY}
    process.on('uncaughtException', (error) => { console.log(error.message); native.pollerClose(poller); });
    function late() { throw new Error('late'); }`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: 'late\n' });
});

test('an immediate without a reference, which libuv does not count, has its turn', () => {
  const source = `${BUSY}
    function late() { setImmediate(() => end('ran')).unref(); }
    veryLate = () => end('never ran');
    function end(what) { console.log(what); native.pollerClose(poller); process.exit(); }`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: 'ran\n' });
});

test('signals arrive, and the process may end', () => {
  const source = `${BUSY}
    process.on('SIGUSR2', () => process.exit(5));
    function late() { process.kill(process.pid, 'SIGUSR2'); }`;
  expect(runChild(source)).toMatchObject({ status: 5, signal: null, stderr: '' });
});

test('without a reference to the poller the process ends with the rest', () => {
  const source = `${BUSY} function late() { native.pollerRef(poller, false); console.log('let go'); }`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: 'let go\n' });
});

test('a worker is terminated in such a turn', () => {
  const source = `
    const { Worker } = require('node:worker_threads');
    const addon = Object.values(require.cache)[0].filename;
    const work = 'const native = require(' + JSON.stringify(addon) + ');'
      + 'const parent = require("node:worker_threads").parentPort;'
      + ${JSON.stringify(BUSY)} + 'function late() { parent.postMessage("busy"); }';
    const worker = new Worker(work, { eval: true });
    worker.on('message', () => worker.terminate());
    worker.on('exit', () => console.log('done'));`;
  expect(runChild(source)).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' });
});
