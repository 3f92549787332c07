/** A whole headless compositor with windows and input, and clients of it, in one process and virtual time. */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { Compositor } from '../../compositor/compositor.ts';
import type { BackendFactory, OutputRequest } from '../../compositor/config.ts';
import type { CommitTrace } from '../../compositor/trace.ts';
import type { WindowManagerFactory } from '../../compositor/shell/window-manager.ts';
import { SimulatedKernel } from '../../devices/simulated/simulated-kernel.ts';
import { ShellClient } from './shell-client.ts';

export interface DesktopFixtureOptions {
  readonly outputs?: readonly OutputRequest[];
  readonly windowManager?: WindowManagerFactory;
  /** Simulated GPUs sim:0 … Default: none. */
  readonly gpus?: number;
  /** Default: true. */
  readonly keyboard?: boolean;
  readonly trace?: CommitTrace;
  /** Default: headless. */
  readonly backend?: BackendFactory;
}

export class DesktopFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly poller: Poller = new Poller();
  readonly kernel: SimulatedKernel = new SimulatedKernel(this.clock);
  readonly compositor: Compositor;
  readonly logged: string[] = [];
  readonly #clients: ShellClient[] = [];

  constructor(options: DesktopFixtureOptions = {}) {
    const keep =
      (level: string) =>
      (message: string, cause?: unknown): void => {
        const detail = cause instanceof Error ? `: ${cause.stack ?? cause.message}` : '';
        this.logged.push(`${level}: ${message}${detail}`);
      };
    for (let index = 0; index < (options.gpus ?? 0); index++) this.kernel.addDevice();
    this.compositor = Compositor.create({
      poller: this.poller,
      clock: this.clock,
      kernel: this.kernel,
      env: {},
      log: { error: keep('error'), warn: keep('warn'), info: keep('info'), debug: keep('debug') },
      outputs: options.outputs ?? [{ width: 400, height: 300 }],
      ...(options.windowManager && { windowManager: options.windowManager }),
      ...(options.trace && { trace: options.trace }),
      ...(options.backend && { backend: options.backend }),
      ...(options.keyboard === false && { keymap: null }),
    });
  }

  connect(): ShellClient {
    const [serverFd, clientFd] = native.socketPair();
    const server = this.compositor.display.connect(new OwnedFd(serverFd));
    const client = new ShellClient(this.poller, new OwnedFd(clientFd), server, () => this.settle());
    this.#clients.push(client);
    this.settle();
    client.bindSeat({ keyboard: this.compositor.seat.keyboard.present });
    this.settle();
    return client;
  }

  /** Runs turns until two in a row find nothing to do. */
  settle(): void {
    for (let quiet = 0; quiet < 2;) quiet = this.poller.dispatch() === 0 ? quiet + 1 : 0;
  }

  /** Virtual time goes on; timers fire, everybody reacts. */
  advance(durationNs: bigint): void {
    const targetNs = this.clock.nowNs() + durationNs;
    this.settle();
    for (;;) {
      const nextNs = this.clock.nextDeadlineNs();
      if (nextNs === undefined || nextNs > targetNs) break;
      this.clock.advanceTo(nextNs);
      this.compositor.display.flush();
      this.settle();
    }
    this.clock.advanceTo(targetNs);
    this.compositor.display.flush();
    this.settle();
  }

  /** Long enough for two frames at 60 Hz. */
  frames(): void {
    this.advance(34_000_000n);
  }

  /** The pixel an output shows, as 0xRRGGBB. */
  pixel(x: number, y: number, outputIndex = 0): number {
    const output = this.compositor.outputs[outputIndex];
    const pixels = output && this.compositor.desktop.backend.pixels(output);
    if (!pixels) throw new Error('nothing was shown yet');
    const view = new DataView(pixels.bytes);
    const offset = pixels.offsetBytes + y * pixels.strideBytes + 4 * x;
    return view.getUint32(offset, true) & 0xff_ff_ff;
  }

  dispose(): void {
    for (const client of this.#clients) client.close();
    this.settle();
    const { surfaces, clients } = this.compositor.stats();
    this.compositor.dispose();
    this.kernel.dispose();
    this.poller.close();
    const errors = this.logged.filter((line) => line.startsWith('error'));
    if (errors.length > 0) throw new Error(errors.join('\n'));
    if (surfaces > 0 || clients.length > 0 || native.pixmanLiveImages() > 0) {
      throw new Error(
        `left: ${surfaces} surfaces, ${clients.length} clients, ${native.pixmanLiveImages()} images`,
      );
    }
  }
}

/** Runs `body` with a fixture and always ends it. */
export function withDesktop(
  options: DesktopFixtureOptions,
  body: (fixture: DesktopFixture) => void,
): void {
  const fixture = new DesktopFixture(options);
  try {
    body(fixture);
  } catch (error) {
    // A failed assertion says more than what it left behind.
    tryDispose(fixture);
    throw error;
  }
  fixture.dispose();
}

function tryDispose(fixture: DesktopFixture): void {
  try {
    fixture.dispose();
  } catch {
    // The assertion is what the reader wants to see.
  }
}
