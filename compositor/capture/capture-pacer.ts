/** Gives capture sessions their frames: with those of the output they follow, or at once where nothing is presented. */
import type { Clock } from '../../native/clock.ts';
import type { Scheduler } from '../commit/scheduler.ts';
import type { FrameListener } from '../output/output-list.ts';
import type { Output } from '../output/output.ts';
import type { CaptureSession } from './capture-session.ts';

export interface CapturePacerOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly outputs: { addFrameListener(listener: FrameListener): () => void };
}

/** A plain snapshot. */
export interface CaptureStats {
  readonly sessions: number;
  /** Frames copied so far. */
  readonly frames: number;
}

export class CapturePacer {
  readonly #clock: Clock;
  /** Live sessions, with the output whose frame they latched. */
  readonly #sessions = new Map<CaptureSession, Output | null>();
  readonly #unlisten: readonly (() => void)[];
  #frames = 0;

  constructor({ clock, scheduler, outputs }: CapturePacerOptions) {
    this.#clock = clock;
    this.#unlisten = [
      outputs.addFrameListener({
        latched: (output, shown) => this.#latched(output, shown === 'none'),
        presented: (output, timestampNs) => this.#presented(output, timestampNs),
        removed: (output) => {
          this.#presented(output, this.#clock.nowNs());
          this.#unpaced();
        },
      }),
      scheduler.onApplied(() => this.#unpaced()),
    ];
  }

  add(session: CaptureSession): void {
    this.#sessions.set(session, null);
  }

  remove(session: CaptureSession): void {
    this.#sessions.delete(session);
  }

  /** The session has a frame to fill. */
  wanted(session: CaptureSession): void {
    const { output } = session.source;
    if (output) output.clock.schedule();
    else this.#now(session);
  }

  stats(): CaptureStats {
    return { sessions: this.#sessions.size, frames: this.#frames };
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  #latched(output: Output, unchanged: boolean): void {
    // What is in nobody's frames any more, may have been in this one's before.
    this.#unpaced();
    for (const session of this.#sessions.keys()) {
      if (!session.waiting || session.source.output !== output) continue;
      if (unchanged) {
        this.#now(session);
        continue;
      }
      session.latch();
      if (session.latched) this.#sessions.set(session, output);
    }
  }

  #presented(output: Output, timestampNs: bigint): void {
    for (const [session, latchedOn] of this.#sessions) {
      if (latchedOn !== output) continue;
      this.#sessions.set(session, null);
      this.#present(session, timestampNs);
    }
  }

  /** Windows that are in nobody's frames are captured whenever they change, and when that begins. */
  #unpaced(): void {
    for (const session of this.#sessions.keys()) {
      if (session.waiting && session.source.output === null) this.#now(session);
    }
  }

  #now(session: CaptureSession): void {
    session.latch();
    this.#present(session, this.#clock.nowNs());
  }

  #present(session: CaptureSession, timestampNs: bigint): void {
    if (!session.latched) return;
    session.present(timestampNs);
    this.#frames++;
  }
}
