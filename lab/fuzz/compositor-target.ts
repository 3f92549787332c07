/** The whole compositor, headless, on the simulated kernel and in virtual time; input and hot-plug are actions. */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { Compositor } from '../../compositor/compositor.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import type { DeviceId, SyncobjDevice, SyncobjHandle } from '../../devices/syncobj-device.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { FdKind } from './input.ts';
import type { FuzzTarget } from './target.ts';

const NS_PER_MS = 1_000_000n;
const TURN_NS = 20n * NS_PER_MS;
/** Until the devices' uevents have come. */
const START_NS = 100n * NS_PER_MS;
const DMABUF_BYTES = 65_536;
const BTN_LEFT = 0x110;
const KEY_A = 30;

export function createCompositorTarget(): FuzzTarget {
  return new CompositorTarget();
}

class CompositorTarget implements FuzzTarget {
  readonly name = 'compositor';
  readonly showsWindows = true;
  readonly poller = new Poller();
  readonly actions: readonly string[];
  readonly #clock = new ManualClock();
  readonly #kernel = new SimulatedKernel(this.#clock);
  readonly #compositor: Compositor;
  readonly #device: SyncobjDevice;
  readonly #timeline: SyncobjHandle;
  readonly #lent: ReadonlyMap<FdKind, OwnedFd>;
  readonly #acts: Readonly<Record<string, () => void>>;
  #importGpu: DeviceId | undefined;
  #point = 0n;
  #errors: string[] = [];

  constructor() {
    this.#importGpu = this.#kernel.addDevice();
    const clientGpu = this.#kernel.addDevice();
    this.#clock.advanceBy(START_NS);
    this.#compositor = Compositor.create({
      poller: this.poller,
      clock: this.#clock,
      kernel: this.#kernel,
      outputs: [{ width: 320, height: 240 }],
      env: {},
      log: {
        error: (message, cause) => this.#errors.push(`${message}: ${describe(cause)}`),
        warn: () => undefined,
        info: () => undefined,
        debug: () => undefined,
      },
    });
    const node = this.#kernel.listNodes().find(({ id }) => id === clientGpu);
    if (node === undefined) throw new Error(`no node of ${clientGpu}`);
    this.#device = this.#kernel.openDevice(node);
    this.#timeline = this.#device.createTimeline();
    this.#lent = new Map<FdKind, OwnedFd>([
      ['timeline', this.#device.exportTimelineFd(this.#timeline)],
      ['dmabuf', this.#kernel.createDmabuf(clientGpu, DMABUF_BYTES).fd],
    ]);
    this.#acts = this.#makeActions();
    this.actions = Object.keys(this.#acts);
  }

  get display(): Display {
    return this.#compositor.display;
  }

  act(action: string): void {
    this.#acts[action]?.();
  }

  rest(): void {
    this.#addGpu();
    // Its uevent, and that of a removal before it.
    this.#clock.advanceBy(START_NS);
    const { seat } = this.#compositor;
    seat.keyboard.releaseAll();
    seat.touch.cancel();
    seat.pointer.reset();
  }

  lend(kind: FdKind): number | undefined {
    return this.#lent.get(kind)?.fd;
  }

  ownFds(): number {
    return this.#kernel.accounting().kernelFds;
  }

  advance(): void {
    this.#clock.advanceBy(TURN_NS);
  }

  takeErrors(): readonly string[] {
    const errors = this.#errors;
    this.#errors = [];
    return errors;
  }

  held(): Readonly<Record<string, number>> {
    const { surfaces, clients, sync, desktop } = this.#compositor.stats();
    const { waits, timelines } = sync.counts;
    const { dmabufs, syncFiles, openDeviceFiles } = this.#kernel.accounting();
    return {
      surfaces,
      waits,
      timelines,
      dmabufs,
      'client states': clients.length,
      windows: desktop.windows,
      'syncobj handles': sync.handles,
      'releases owed': sync.releasesOwed,
      'releases abandoned': sync.counters.releasesAbandoned,
      sync_files: syncFiles,
      'device files': openDeviceFiles,
      'pixman images': native.pixmanLiveImages(),
    };
  }

  dispose(): void {
    this.#compositor.dispose();
    for (const fd of this.#lent.values()) fd.close();
    this.#device.close();
    this.#kernel.dispose();
    this.poller.close();
  }

  #makeActions(): Record<string, () => void> {
    const { seat } = this.#compositor;
    return {
      'pointer to a corner': () => seat.pointer.moveTo(1, 1),
      'pointer to the middle': () => seat.pointer.moveTo(100, 100),
      'button pressed': () => seat.pointer.button(BTN_LEFT, true),
      'button released': () => seat.pointer.button(BTN_LEFT, false),
      'key pressed': () => seat.keyboard.key(KEY_A, true),
      'key released': () => seat.keyboard.key(KEY_A, false),
      'touch down': () => seat.touch.down(1, 50, 50),
      'touch up': () => seat.touch.up(1),
      'frames pass': () => this.#clock.advanceBy(START_NS),
      'point signalled': () => this.#signalNextPoint(),
      'gpu removed': () => this.#removeGpu(),
      'gpu added': () => this.#addGpu(),
    };
  }

  #signalNextPoint(): void {
    this.#point++;
    this.#device.signal(Uint32Array.of(this.#timeline), BigUint64Array.of(this.#point), 1);
  }

  #removeGpu(): void {
    if (this.#importGpu === undefined) return;
    this.#kernel.removeDevice(this.#importGpu);
    this.#importGpu = undefined;
  }

  #addGpu(): void {
    this.#importGpu ??= this.#kernel.addDevice();
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
