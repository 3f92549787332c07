/** What a session's compositor is given of what its maker chose. */
import { afterEach, expect, test } from 'vitest';
import { AppSession, type AppSessionOptions } from '../../../compositor/session/app-session.ts';
import { SimulatedKernel } from '../../../devices/simulated/simulated-kernel.ts';
import { native } from '../../../native/binding.ts';
import { ManualClock } from '../../../native/clock.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { Poller } from '../../../native/poller.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  type WlBufferProxy,
} from '../../../protocols/generated/wayland.client.ts';
import { WpLinuxDrmSyncobjManagerV1Proxy } from '../../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { TestTimeline } from '../../support/compositor-client.ts';

const SECOND = 1_000_000_000n;

interface Scene {
  readonly clock: ManualClock;
  readonly kernel: SimulatedKernel;
  readonly session: AppSession;
  readonly client: ClientDisplay;
  readonly warnings: string[];
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Partial<AppSessionOptions>): Promise<Scene> {
  const clock = new ManualClock();
  const kernel = new SimulatedKernel(clock);
  ends.push(() => kernel.dispose());
  kernel.addDevice();
  clock.advanceBy(SECOND);
  const warnings: string[] = [];
  const log = {
    error: () => undefined,
    warn: (line: string) => warnings.push(line),
    info: () => undefined,
    debug: () => undefined,
  };
  const session = AppSession.start({ kernel, clock, log, ...options });
  ends.push(() => session.stop());
  const poller = new Poller();
  ends.push(() => poller.close());
  poller.start();
  const client = ClientDisplay.connect({ poller, env: session.env });
  ends.push(() => client.close());
  await client.roundtrip();
  return { clock, kernel, session, client, warnings };
}

function bufferOf({ client }: Scene): WlBufferProxy {
  const shm = bind(client, WlShmProxy);
  using memory = new OwnedFd(native.memfdCreate('test', 0));
  native.ftruncate(memory.fd, 400);
  const pool = shm.createPool(memory.fd, 400);
  const buffer = pool.createBuffer(0, 10, 10, 40, 1);
  pool.destroy();
  return buffer;
}

/** A surface whose commit waits for a point nobody submits. */
async function commitUnsubmitted(scene: Scene): Promise<void> {
  const { client, kernel } = scene;
  const [node] = kernel.listNodes();
  if (!node) throw new Error('no GPU');
  const device = kernel.openDevice(node);
  ends.push(() => device.close());
  const manager = bind(client, WpLinuxDrmSyncobjManagerV1Proxy);
  const timeline = new TestTimeline({ kernel }, device, manager);
  const surface = bind(client, WlCompositorProxy).createSurface();
  const sync = manager.getSurface(surface);
  sync.setAcquirePoint(timeline.proxy, 0, 1);
  sync.setReleasePoint(timeline.proxy, 0, 2);
  surface.attach(bufferOf(scene), 0, 0);
  surface.commit();
  await client.roundtrip();
}

function bind<P extends WlCompositorProxy | WlShmProxy | WpLinuxDrmSyncobjManagerV1Proxy>(
  { registry }: ClientDisplay,
  type: { readonly interface: Parameters<typeof registry.proxy.bind<P>>[1] },
): P {
  const global = registry.find(type.interface.description.name);
  if (!global) throw new Error(`${type.interface.description.name} is not offered`);
  return registry.bind(type, global);
}

test('the budgets of a client', async () => {
  const scene = await start({ budgets: { buffers: 2 } });
  for (let count = 0; count < 2; count++) bufferOf(scene);
  await scene.client.roundtrip();
  bufferOf(scene);
  await expect(scene.client.roundtrip()).rejects.toThrow(/no memory/);
});

test('those of its fences', async () => {
  const none = { soft: Infinity, hard: 1000 };
  const owner = { timelines: { ...none, hard: 1 }, waits: none, registrations: none };
  const scene = await start({
    syncBudgets: { owner: { ...owner, releases: none, fds: none } },
  });
  await commitUnsubmitted(scene);
  await expect(commitUnsubmitted(scene)).rejects.toThrow(/no memory/);
});

test('when a wait is given up, and what becomes of who waited', async () => {
  const limit = { reportAfterNs: 2n * SECOND, giveUpAfterNs: 3n * SECOND };
  const scene = await start({
    watchdog: { unsubmitted: limit, submitted: limit },
    failurePolicy: 'disconnect',
  });
  await commitUnsubmitted(scene);
  scene.clock.advanceBy(2n * SECOND);
  await scene.client.roundtrip();
  expect(scene.warnings).toEqual([
    expect.stringMatching(/^client 1: .* is not submitted by the client for 2000 ms$/),
  ]);
  scene.clock.advanceBy(1n * SECOND);
  await expect(scene.client.roundtrip()).rejects.toThrow();
});
