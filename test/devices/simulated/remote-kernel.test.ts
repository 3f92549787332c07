/** A simulated kernel used from elsewhere: it keeps the same contract, and nothing is left when a process goes. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RemoteKernel } from '../../../devices/simulated/remote-kernel.ts';
import { SimServer } from '../../../devices/simulated/sim-server.ts';
import { SimulatedKernel } from '../../../devices/simulated/simulated-kernel.ts';
import type { DeviceId } from '../../../devices/syncobj-device.ts';
import { ManualClock } from '../../../native/clock.ts';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { Poller } from '../../../native/poller.ts';
import { deviceContract } from '../../support/device-contract.ts';
import {
  playContract,
  type ContractRig,
  type Gpu,
} from '../../support/device-contract/contract-run.ts';
import { fenceOf } from '../../support/fence-of.ts';

const IDS = { A: 'sim:0' as DeviceId, B: 'sim:1' as DeviceId } satisfies Record<Gpu, DeviceId>;
const UEVENTS_NS = 100_000_000n;

const clock = new ManualClock();
let folder: string;
let path: string;
let kernel: SimulatedKernel;
let serverPoller: Poller;
let poller: Poller;
let server: SimServer;
let remote: RemoteKernel;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sim-'));
  path = join(folder, 'socket');
  kernel = new SimulatedKernel(clock);
  for (const id of Object.values(IDS)) kernel.addDevice({ id });
  clock.advanceBy(UEVENTS_NS);
  serverPoller = new Poller();
  poller = new Poller();
  server = new SimServer(kernel, serverPoller, path);
  remote = new RemoteKernel({ path, poller, wait: () => void serverPoller.dispatch() });
});

afterEach(() => {
  remote.dispose();
  serverPoller.dispatch();
  serverPoller.dispatch();
  const connections = server.connections;
  const accounting = kernel.accounting();
  server.dispose();
  kernel.dispose();
  serverPoller.close();
  poller.close();
  rmSync(folder, { recursive: true });
  if (connections !== 0) throw new Error(`${connections} connections left`);
  for (const key of ['openDeviceFiles', 'syncobjs', 'syncFiles', 'armed'] as const)
    if (accounting[key] !== 0) throw new Error(`${accounting[key]} ${key} left`);
});

describe('the contract', () => {
  const rig: ContractRig = {
    get kernel() {
      return remote;
    },
    open: (gpu) => {
      const node = remote.listNodes().find(({ id }) => id === IDS[gpu]);
      if (!node) throw new Error(`GPU ${gpu} is not there`);
      return remote.openDevice(node);
    },
    remove: async (gpu) => {
      kernel.removeDevice(IDS[gpu]);
      clock.advanceBy(UEVENTS_NS);
    },
    add: async (gpu) => {
      kernel.addDevice({ id: IDS[gpu] });
      clock.advanceBy(UEVENTS_NS);
    },
    createFence: () => {
      const fence = remote.createFence();
      return {
        syncFile: fence.exportSyncFile(),
        end: (errno) => void (errno === 0 ? fence.signal() : fence.fail(errno)),
      };
    },
    createDmabuf: () => remote.createDmabuf(IDS.A, 4096),
    settle: async () => {},
  };

  test.each(deviceContract)('$name', async (contractCase) => {
    const { trace, expected } = await playContract(contractCase, rig);
    expect(trace).toEqual(expected);
  });
});

test('hot-plug is told to those who listen', () => {
  const events: string[] = [];
  const stop = remote.hotplug.listen((event) =>
    events.push(`${event.type} ${event.type === 'removed' ? event.path : event.node.path}`),
  );
  kernel.removeDevice(IDS.A);
  kernel.addDevice({ id: IDS.A });
  clock.advanceBy(UEVENTS_NS);
  poller.dispatch();
  expect(events).toEqual(['removed sim:0/renderD128', 'added sim:0/renderD130']);
  stop();
  kernel.removeDevice(IDS.B);
  clock.advanceBy(UEVENTS_NS);
  poller.dispatch();
  expect(events).toHaveLength(2);
});

test('a process may pull devices and plug them in, as root may', () => {
  const node = remote.listNodes().find(({ id }) => id === IDS.A);
  const device = remote.openDevice(node!);
  remote.removeDevice(IDS.A);
  expect(() => device.createTimeline()).toThrowError(
    expect.objectContaining({ code: 'XSYNC_DEVICE_LOST' }),
  );
  expect(() => remote.removeDevice(IDS.A)).toThrowError(
    expect.objectContaining({ code: 'ENOENT' }),
  );
  remote.addDevice(IDS.A);
  expect(() => remote.addDevice(IDS.A)).toThrowError(expect.objectContaining({ code: 'EEXIST' }));
  clock.advanceBy(UEVENTS_NS);
  const back = remote.listNodes().filter(({ id }) => id === IDS.A);
  expect(back).toHaveLength(1);
  expect(back[0]?.path).not.toBe(node?.path);
  device.close();
});

test('a fence submitted through a remote device ends as told, with the device at the latest', () => {
  const device = remote.openDevice(remote.listNodes()[0]!);
  const timeline = device.createTimeline();
  const fence = remote.createFence({ deviceId: IDS.A });
  remote.submit(device, timeline, 4n, fence);
  const file = fenceOf(device, timeline, 4n);
  expect(remote.syncFiles.info(file.fd).status).toBe(0);
  kernel.removeDevice(IDS.A);
  clock.advanceBy(UEVENTS_NS);
  expect(remote.syncFiles.info(file.fd).status).toBe(-19);
  expect(fence.signal()).toBe(false);
  file.close();
  device.close();
});

test('what a process leaves open is closed when it goes', () => {
  const gone = new RemoteKernel({ path, poller, wait: () => void serverPoller.dispatch() });
  const device = gone.openDevice(gone.listNodes()[0]!);
  device.createTimeline();
  expect(kernel.accounting()).toMatchObject({ openDeviceFiles: 1, syncobjs: 1 });
  gone.dispose();
  device.close();
  serverPoller.dispatch();
  expect(kernel.accounting()).toMatchObject({ openDeviceFiles: 0, syncobjs: 0 });
});

test.each<[string, Uint8Array]>([
  ['no JSON', framed('hello')],
  ['no object', framed('7')],
  ['a descriptor it does not bring', framed('{"op":"info","fds":1}')],
  ['too long a message', Uint8Array.of(255, 255, 255, 255)],
])('a peer that sends %s is disconnected, others are not', (_name, bytes) => {
  const stranger = new OwnedFd(native.connectUnix(path));
  native.sendmsg(stranger.fd, bytes, 0, bytes.length, new Int32Array(0), 0);
  for (let turn = 0; turn < 3; turn++) serverPoller.dispatch();
  expect(native.recvmsg(stranger.fd, new Uint8Array(16), 0, 16, new Int32Array(254))).toBe(0);
  expect(remote.listNodes()).toHaveLength(2);
  stranger.close();
});

test.each([
  '{"op":"nothing","fds":0}',
  '{"op":"open","fds":0}',
  '{"op":"device","device":7,"operation":"query","fds":0}',
  '{"op":"dmabufCreate","id":"sim:0","sizeBytes":1e300,"fds":0}',
  '{"op":"fenceEnd","fence":-1,"errno":0,"fds":0}',
  '{"op":"info","fds":0}',
])('a request that makes no sense is answered EINVAL: %s', (request) => {
  const peer = new OwnedFd(native.connectUnix(path));
  const bytes = framed(request);
  native.sendmsg(peer.fd, bytes, 0, bytes.length, new Int32Array(0), 0);
  for (let turn = 0; turn < 3; turn++) serverPoller.dispatch();
  const answer = new Uint8Array(1024);
  const length = native.recvmsg(peer.fd, answer, 0, answer.length, new Int32Array(254));
  const body = JSON.parse(Buffer.from(answer.subarray(4, length)).toString()) as { error: object };
  expect(body.error).toMatchObject({ code: 'EINVAL' });
  peer.close();
});

const BUILT = fileURLToPath(new URL('../../../dist', import.meta.url));
const isBuilt = existsSync(join(BUILT, 'devices/simulated/remote-kernel.js'));

test.skipIf(!isBuilt)(
  `a client in another process signals${isBuilt ? '' : ' (skipped: not built, run "npm run build")'}`,
  async () => {
    const device = kernel.openDevice(kernel.listNodes()[0]!);
    const program = `
      const { RemoteKernel } = await import(${JSON.stringify(join(BUILT, 'devices/simulated/remote-kernel.js'))});
      const { Poller } = await import(${JSON.stringify(join(BUILT, 'native/poller.js'))});
      const poller = new Poller();
      const kernel = new RemoteKernel({ path: process.argv[1], poller });
      const device = kernel.openDevice(kernel.listNodes()[1]);
      const timeline = device.createTimeline();
      device.signal(Uint32Array.of(timeline), BigUint64Array.of(12n), 1);
      const points = new BigUint64Array(1);
      device.query(Uint32Array.of(timeline), points, 1, 'signalled');
      process.stdout.write(device.label + ' ' + points[0]);
      process.exit(0);
    `;
    serverPoller.start();
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const status = await new Promise((resolve) => child.once('close', resolve));
    serverPoller.stop();
    device.close();
    expect([status, output]).toEqual([0, 'sim:1/renderD129 12']);
  },
);

function framed(text: string): Uint8Array {
  const bytes = Buffer.alloc(4 + text.length);
  bytes.writeUInt32LE(text.length);
  bytes.write(text, 4);
  return bytes;
}
