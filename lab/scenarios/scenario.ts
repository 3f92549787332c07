/** A scenario: data plus one function that plays it. Users add their own file and pass the object to `compare`. */
import type { World } from '../world/world.ts';
import type { SyncClient } from '../clients/sync-client.ts';

/** What a scenario may ask of the stage beyond the world itself. */
export interface Stage {
  readonly world: World;
  /** Starts an explicit-sync client that draws frame after frame until stopped. */
  startClient(options?: Partial<ClientOptions>): Promise<SyncClient>;
  readonly clients: readonly SyncClient[];
}

export interface ClientOptions {
  /** Images of its swapchain. */
  readonly images: number;
  /** GPU time of a frame, both ends included. */
  readonly workMs: readonly [least: number, most: number];
  /** How long after the commit the work is submitted (wait-before-submit); [0, 0] submits before the commit. */
  readonly submitDelayMs: readonly [least: number, most: number];
  /** Whose memory its images are: its own GPU's, or the other one's. */
  readonly buffersOf: 'own GPU' | 'other GPU';
  /** What it does when its own device goes: moves to another one, or sits there. */
  readonly onDeviceLost: 'move' | 'sit';
  /** Whether it kept the fds of its timelines, the condition of any rescue. */
  readonly keepsTimelineFds: boolean;
  /** Whether it signals, through another device, the points it can no longer submit. */
  readonly rescuesTimelines: boolean;
  /** Frames it draws before it stops by itself. */
  readonly frames: number;
  /** From this frame on its points are never submitted. */
  readonly neverSubmitsFrom: number;
  /** It breaks the rules on purpose: a disconnection is deserved. */
  readonly hostile: boolean;
}

export const DEFAULT_CLIENT: ClientOptions = {
  images: 3,
  workMs: [2, 12],
  submitDelayMs: [0, 4],
  buffersOf: 'own GPU',
  onDeviceLost: 'move',
  keepsTimelineFds: true,
  rescuesTimelines: false,
  frames: Number.POSITIVE_INFINITY,
  neverSubmitsFrom: Number.POSITIVE_INFINITY,
  hostile: false,
};

export interface Scenario {
  readonly name: string;
  /** One sentence for `--list` and the report. */
  readonly description: string;
  /** What it needs of the machine beyond two GPUs: 'error fences' is the fencelab module on real devices. */
  readonly needs?: readonly 'error fences'[];
  play(stage: Stage): Promise<void>;
}
