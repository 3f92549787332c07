/**
 * The bench `nested`: our compositor as a window of weston, passing its client's buffers through, against itself drawing one
 * picture of them. Each of the two has a weston of its own, whose CPU time counts as well: work moved to the host is not saved.
 */
import { COMMIT_CLIENT, peerProgram } from '../peer-programs.ts';
import type { BenchResult } from '../result.ts';
import { alternate, median, medianRatio, rounded } from '../statistics.ts';
import { runClient } from '../wire/peers.ts';
import { requireWeston } from './compositor-bench.ts';
import { DesktopServer } from './desktop-server.ts';
import { nestedSyncline, WESTON } from './desktops.ts';

export interface NestedBenchOptions {
  readonly rounds: number;
  readonly scale: number;
  /** Names of tests; empty: all. */
  readonly tests: readonly string[];
  onResult(result: BenchResult): void;
}

const FRAME = 'nested-frame-1024x640';
const FRAME_WITH_HOST = 'nested-frame-1024x640-with-host';
export const NESTED_TEST_NAMES: readonly string[] = [FRAME, FRAME_WITH_HOST];

const WARM_UP_FRAMES = 60;
const FRAMES = 180;
const NS_PER_MS = 1e6;

interface Frames {
  /** CPU time a frame: of the nested compositor, and of both. */
  readonly ownNs: number;
  readonly bothNs: number;
}

/** A nested compositor and its host. */
class NestedServer {
  readonly #host: DesktopServer;
  readonly #nested: DesktopServer;

  private constructor(host: DesktopServer, nested: DesktopServer) {
    this.#host = host;
    this.#nested = nested;
  }

  static async start(mode: 'composited' | 'pass-through', client: string): Promise<NestedServer> {
    const host = await DesktopServer.start(WESTON, client);
    try {
      const nested = await DesktopServer.start(nestedSyncline(mode, host.socketPath), client);
      return new NestedServer(host, nested);
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  /** The client's own warm-up is not counted for the nested one; the host's clock ticks too coarsely to tell it apart. */
  async play(client: string, scale: number): Promise<Frames> {
    const frames = Math.max(1, Math.round(FRAMES * scale));
    const warmUp = Math.round(WARM_UP_FRAMES * scale);
    const beforeMs = this.#host.cpuMs;
    const args = [this.#nested.socketPath, 'frames', '1', String(warmUp), String(frames)];
    const { cpuNs, messages } = await runClient(client, args);
    const hostNs = ((this.#host.cpuMs - beforeMs) * NS_PER_MS) / (frames + warmUp);
    const ownNs = cpuNs / messages;
    return { ownNs, bothNs: ownNs + hostNs };
  }

  async stop(): Promise<void> {
    await this.#nested.stop();
    await this.#host.stop();
  }
}

/** Throws a BenchUnavailableError without weston or a compiler. */
export async function runNestedBench(options: NestedBenchOptions): Promise<void> {
  await requireWeston();
  const client = await peerProgram(COMMIT_CLIENT);
  const passing = await NestedServer.start('pass-through', client);
  try {
    const composing = await NestedServer.start('composited', client);
    try {
      const pairs = await alternate(
        options.rounds,
        () => passing.play(client, options.scale),
        () => composing.play(client, options.scale),
      );
      const figures = { [FRAME]: ownNs, [FRAME_WITH_HOST]: bothNs };
      for (const [name, figure] of Object.entries(figures)) {
        if (options.tests.length > 0 && !options.tests.includes(name)) continue;
        options.onResult({
          name,
          peer: 'composited, nested in weston',
          rounds: pairs.length,
          wallRatio: null,
          cpuRatio: rounded(medianRatio(pairs, figure)),
          ours: rounded(median(pairs.map(({ ours }) => figure(ours)))),
          theirs: rounded(median(pairs.map(({ theirs }) => figure(theirs)))),
          unit: 'ns CPU/frame',
        });
      }
    } finally {
      await composing.stop();
    }
  } finally {
    await passing.stop();
  }
}

function ownNs(frames: Frames): number {
  return frames.ownNs;
}

function bothNs(frames: Frames): number {
  return frames.bothNs;
}
