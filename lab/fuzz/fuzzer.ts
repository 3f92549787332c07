/** The fuzzer: makes inputs, plays them, keeps those that reach something new, and shrinks those that break something. */
import { createRandom, type Random } from '../random.ts';
import { Bystander } from './bystander.ts';
import { FdPool } from './fd-pool.ts';
import { generateInput, type FuzzWorld } from './generate.ts';
import type { FuzzInput } from './input.ts';
import { Rarity } from './make-request.ts';
import { mutateInput } from './mutate.ts';
import { playInput, type Failure, type PlayResult, type Stage } from './play.ts';
import type { Descriptions } from './session-model.ts';
import { shrinkInput } from './shrink.ts';
import type { FuzzTargetFactory } from './target.ts';

export interface FuzzOptions {
  readonly createTarget: FuzzTargetFactory;
  readonly descriptions: Descriptions;
  readonly seed: number;
  /** Longest a turn of the server may take. */
  readonly maxTurnMs: number;
  /** Asked before each input. */
  readonly goOn: (report: FuzzReport) => boolean;
  /** Inputs to begin with: the corpus. */
  readonly corpus?: readonly FuzzInput[];
  /** Told before an input is played, so that one that ends the process is known. */
  readonly onInput?: (input: FuzzInput) => void;
  /** Gives back one turn of the event loop, where errors thrown asynchronously come to light. */
  readonly breathe: () => Promise<void>;
  readonly onFailure?: (found: FoundFailure) => void;
}

/** An input that broke something, as small as it could be made. */
export interface FoundFailure extends Failure {
  readonly input: FuzzInput;
  /** Whether it breaks a fresh server too; else it needed what came before. */
  readonly reproduces: boolean;
}

export interface FuzzReport {
  readonly target: string;
  readonly seed: number;
  inputs: number;
  requests: number;
  bystanderRoundTrips: number;
  slowestTurnMs: number;
  /** Distinct (interface, request, outcome) and events. */
  readonly reached: Set<string>;
  readonly failures: FoundFailure[];
}

const BREATHE_EVERY = 64;
const MAX_QUEUE = 2000;

/** Runs until `goOn` says no. Throws only for mistakes of the fuzzer itself. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const fuzzer = new Fuzzer(options);
  try {
    return await fuzzer.run();
  } finally {
    fuzzer.dispose();
  }
}

class Fuzzer {
  readonly #options: FuzzOptions;
  readonly #random: Random;
  readonly #fds = new FdPool();
  readonly #queue: FuzzInput[];
  readonly #report: FuzzReport;
  readonly #world: FuzzWorld;
  #stage: Stage;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed, 'fuzz');
    this.#queue = [...(options.corpus ?? [])];
    try {
      this.#stage = this.#makeStage();
    } catch (error) {
      this.#fds.dispose();
      throw error;
    }
    const { target, bystander } = this.#stage;
    this.#world = {
      descriptions: options.descriptions,
      actions: target.actions,
      rarity: new Rarity(),
      globals: [...bystander.globals()].map(([name, { version }]) => ({
        interface: name,
        version,
      })),
    };
    this.#report = {
      target: target.name,
      seed: options.seed,
      inputs: 0,
      requests: 0,
      bystanderRoundTrips: 0,
      slowestTurnMs: 0,
      reached: new Set(),
      failures: [],
    };
  }

  async run(): Promise<FuzzReport> {
    for (const input of this.#options.corpus ?? []) await this.#try(input);
    while (this.#options.goOn(this.#report)) await this.#try(this.#next());
    return this.#report;
  }

  dispose(): void {
    this.#endStage();
    this.#fds.dispose();
  }

  /** A third is new; the rest grows out of what reached something, the latest most of all. */
  #next(): FuzzInput {
    const random = this.#random;
    if (this.#queue.length < 2 || random.chance(0.33)) return generateInput(this.#world, random);
    const from = random.chance(0.5) ? Math.max(0, this.#queue.length - 50) : 0;
    const base = this.#queue[random.between(from, this.#queue.length - 1)];
    if (base === undefined) return generateInput(this.#world, random);
    return mutateInput(base, random.pick(this.#queue), this.#world, random);
  }

  async #try(input: FuzzInput): Promise<void> {
    this.#options.onInput?.(input);
    const result = await playInput(input, this.#stage);
    const report = this.#report;
    report.inputs++;
    report.requests += result.requests;
    report.bystanderRoundTrips += result.bystanderRoundTrips;
    report.slowestTurnMs = Math.max(report.slowestTurnMs, result.slowestTurnMs);
    const before = report.reached.size;
    for (const key of result.reached) report.reached.add(key);
    if (report.reached.size > before) this.#keep(input);
    if (report.inputs % BREATHE_EVERY === 0) await this.#options.breathe();
    if (result.failure !== undefined) await this.#failed(input, result.failure);
  }

  #keep(input: FuzzInput): void {
    this.#queue.push(input);
    if (this.#queue.length > MAX_QUEUE)
      this.#queue.splice(this.#random.between(0, MAX_QUEUE / 2), 1);
  }

  /** What broke a server may have left it broken: each try gets a fresh one. */
  async #failed(input: FuzzInput, failure: Failure): Promise<void> {
    const playFresh = (candidate: FuzzInput): Promise<PlayResult> => {
      this.#options.onInput?.(candidate);
      this.#endStage();
      this.#stage = this.#makeStage();
      return playInput(candidate, this.#stage);
    };
    const fails = async (candidate: FuzzInput): Promise<boolean> =>
      (await playFresh(candidate)).failure?.kind === failure.kind;
    const reproduces = await fails(input);
    const smallest = reproduces
      ? await shrinkInput(input, this.#options.descriptions, fails)
      : input;
    const found: FoundFailure = { ...failure, input: smallest, reproduces };
    this.#report.failures.push(found);
    this.#options.onFailure?.(found);
    this.#endStage();
    this.#stage = this.#makeStage();
  }

  #makeStage(): Stage {
    const target = this.#options.createTarget();
    let bystander: Bystander | undefined;
    try {
      bystander = new Bystander(target);
      const problem = bystander.roundTrip() ?? bystander.frame();
      if (problem !== undefined) throw new Error(`${target.name}, fresh: ${problem}`);
    } catch (error) {
      bystander?.dispose();
      target.dispose();
      throw error;
    }
    const globals = [...bystander.globals()];
    return {
      target,
      bystander,
      fds: this.#fds,
      descriptions: this.#options.descriptions,
      globals: new Map(globals.map(([type, { name }]) => [type, name])),
      maxTurnMs: this.#options.maxTurnMs,
    };
  }

  #endStage(): void {
    this.#stage.bystander.dispose();
    this.#stage.target.dispose();
  }
}
