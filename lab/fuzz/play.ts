/** Plays one input against a target and judges what happened. */
import { readdirSync } from 'node:fs';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { Bystander } from './bystander.ts';
import { encodeStep, type GlobalNames } from './encode.ts';
import type { FdPool } from './fd-pool.ts';
import type { FuzzInput, FuzzStep } from './input.ts';
import { Observer } from './observer.ts';
import { RawClient } from './raw-client.ts';
import type { Descriptions } from './session-model.ts';
import type { FuzzTarget } from './target.ts';

/** What must never happen, whatever a client sends. */
export type FailureKind =
  /** Something was thrown out of the server. */
  | 'crash'
  /** The server logged a bug of its own. */
  | 'logged-error'
  /** A turn took longer than the limit, or turns never ended. */
  | 'hang'
  /** Another client was cut, or waited for its round trip. */
  | 'bystander'
  /** The client or something of it was still there after it had gone. */
  | 'left-over'
  | 'fd-leak';

export interface Failure {
  readonly kind: FailureKind;
  readonly detail: string;
}

/** What playing an input came to. */
export interface PlayResult {
  /** `wl_surface.attach ok`, `wl_surface.attach error wl_shm 1`, `event wl_callback.done`. */
  readonly reached: ReadonlySet<string>;
  readonly requests: number;
  readonly slowestTurnMs: number;
  readonly bystanderRoundTrips: number;
  readonly failure: Failure | undefined;
}

/** What inputs are played with. */
export interface Stage {
  readonly target: FuzzTarget;
  readonly bystander: Bystander;
  readonly fds: FdPool;
  readonly descriptions: Descriptions;
  readonly globals: GlobalNames;
  readonly maxTurnMs: number;
}

const MAX_TURNS = 500;
/** Turns of time that a server may take to let go of a client: timers and frames are allowed to run out. */
const FAREWELL_TURNS = 6;
const ROUND_TRIP_EVERY = 4;
const BUSY_MACHINE = 5;

/** Never throws for anything the server does. */
export async function playInput(input: FuzzInput, stage: Stage): Promise<PlayResult> {
  const play = new Play(input, stage);
  await play.run();
  return play.result();
}

class Play {
  readonly #input: FuzzInput;
  readonly #stage: Stage;
  readonly #observer: Observer;
  #failure: Failure | undefined;
  #slowestTurnMs = 0;
  #requests = 0;
  #roundTrips = 0;

  constructor(input: FuzzInput, stage: Stage) {
    this.#input = input;
    this.#stage = stage;
    this.#observer = new Observer(stage.descriptions);
  }

  async run(): Promise<void> {
    const { target, fds } = this.#stage;
    fds.renew();
    const before = {
      fds: openFds(target),
      held: held(target),
      clients: target.display.clients.size,
    };
    const client = this.#connect();
    try {
      await this.#session(client);
    } catch (error) {
      this.#fail('crash', describeError(error));
    } finally {
      client.close();
    }
    await this.#farewell(before);
  }

  result(): PlayResult {
    return {
      reached: this.#observer.reached,
      requests: this.#requests,
      slowestTurnMs: this.#slowestTurnMs,
      bystanderRoundTrips: this.#roundTrips,
      failure: this.#failure,
    };
  }

  #connect(): RawClient {
    const [ours, theirs] = native.socketPair();
    const client = new RawClient(new OwnedFd(ours));
    this.#stage.target.display.connect(new OwnedFd(theirs));
    return client;
  }

  async #session(client: RawClient): Promise<void> {
    const { flow, steps } = this.#input;
    for (const [index, step] of steps.entries()) {
      if (client.closed || this.#failure !== undefined) break;
      const what = this.#observer.describe(step);
      this.#observer.sent(step);
      await this.#send(client, step);
      if (flow.pace === 'batch') continue;
      await this.#settle(client);
      this.#observer.reached.add(`${what} ${this.#outcome(client)}`);
      if (index % ROUND_TRIP_EVERY === 0) this.#checkBystander();
    }
    await this.#settle(client);
    // Which request of a batch it was is not known.
    if (flow.pace === 'batch') {
      const { error } = this.#observer;
      this.#observer.reached.add(error === undefined ? 'batch' : `batch error ${error.code}`);
    }
    this.#checkBystander();
  }

  /** Gives up when the server does not read: that is its right. */
  async #send(client: RawClient, step: FuzzStep): Promise<void> {
    const { target, globals, fds: pool } = this.#stage;
    if (step.type === 'action') {
      target.act(step.action);
      return;
    }
    const bytes = encodeStep(step, globals);
    const fds = step.fds.map((kind) => target.lend(kind) ?? pool.lend(kind));
    const chunkBytes = this.#input.flow.pace === 'trickle' ? 3 : bytes.length;
    this.#requests++;
    let lent: readonly number[] = fds;
    for (let at = 0, stalls = 0; at < bytes.length && !client.closed && stalls < 2;) {
      const sent = client.send(bytes.subarray(at, at + chunkBytes), lent);
      if (sent > 0) lent = [];
      else stalls++;
      at += sent;
      if (sent === 0 || chunkBytes < bytes.length) await this.#settle(client);
    }
  }

  /** Turns until nothing is left to do. */
  async #settle(client: RawClient | undefined): Promise<void> {
    const { target, maxTurnMs } = this.#stage;
    for (let turn = 0; ; turn++) {
      const startNs = native.monotonicNs();
      const startCpu = process.cpuUsage();
      const count = target.poller.dispatch();
      const turnMs = Number(native.monotonicNs() - startNs) / 1e6;
      this.#slowestTurnMs = Math.max(this.#slowestTurnMs, turnMs);
      if (turnMs > maxTurnMs) {
        // On a busy machine a turn that does nothing may take long; one that sleeps is no better than one that works.
        const cpu = process.cpuUsage(startCpu);
        const workedMs = (cpu.user + cpu.system) / 1000;
        if (workedMs > maxTurnMs / 2 || turnMs > BUSY_MACHINE * maxTurnMs) {
          this.#fail(
            'hang',
            `a turn took ${turnMs.toFixed(0)} ms (${workedMs.toFixed(0)} of work)`,
          );
        }
      }
      // What was put off to the end of the script, as a loop would give it.
      await Promise.resolve();
      if (count === 0) break;
      if (turn > MAX_TURNS) {
        this.#fail('hang', `still busy after ${MAX_TURNS} turns`);
        break;
      }
    }
    target.advance();
    if (client !== undefined && this.#input.flow.reads) this.#observer.received(client.read());
    for (const error of target.takeErrors()) this.#fail('logged-error', error);
  }

  #outcome(client: RawClient): string {
    const { error } = this.#observer;
    if (error !== undefined) return `error ${error.object} ${error.code}`;
    return client.closed ? 'closed' : 'ok';
  }

  #checkBystander(): void {
    const problem = this.#stage.bystander.roundTrip();
    this.#roundTrips++;
    if (problem !== undefined) this.#fail('bystander', problem);
  }

  async #farewell(before: {
    fds: number;
    held: Readonly<Record<string, number>>;
    clients: number;
  }): Promise<void> {
    const { target } = this.#stage;
    let left = '';
    target.rest();
    for (let turn = 0; turn < FAREWELL_TURNS; turn++) {
      try {
        await this.#settle(undefined);
      } catch (error) {
        this.#fail('crash', describeError(error));
        return;
      }
      left = this.#leftOver(before);
      if (left === '') break;
    }
    if (left !== '') this.#fail(left.endsWith('fds') ? 'fd-leak' : 'left-over', left);
    if (this.#failure === undefined) this.#checkBystander();
    // Not before: a window of the client may have covered it.
    const problem = this.#failure === undefined ? this.#stage.bystander.frame() : undefined;
    if (problem !== undefined) this.#fail('bystander', problem);
    for (const error of target.takeErrors()) this.#fail('logged-error', error);
  }

  #leftOver(before: {
    fds: number;
    held: Readonly<Record<string, number>>;
    clients: number;
  }): string {
    const { target } = this.#stage;
    const clients = target.display.clients.size - before.clients;
    if (clients !== 0) return `${clients} clients`;
    for (const [kind, count] of Object.entries(held(target))) {
      const more = count - (before.held[kind] ?? 0);
      if (more > 0) return `${more} ${kind}`;
    }
    const fds = openFds(target) - before.fds;
    return fds > 0 ? `${fds} fds` : '';
  }

  /** The first failure is the one that counts. */
  #fail(kind: FailureKind, detail: string): void {
    this.#failure ??= { kind, detail };
  }
}

function held(target: FuzzTarget): Readonly<Record<string, number>> {
  return { ...target.held(), mappings: native.liveMappings() };
}

function openFds(target: FuzzTarget): number {
  return readdirSync('/proc/self/fd').length - target.ownFds();
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
