/** `explore`: random runs, seed after seed, until something breaks or time is up; what breaks is made small. */
import type { RecoveryStrategy } from '../../sync/recovery.ts';
import { Coverage, type CoverageData } from './coverage.ts';
import { generateTrace } from './generate.ts';
import { play, violationOf } from './play.ts';
import { shrinkSteps } from './shrink.ts';
import type { Step } from './step.ts';
import type { Invariant } from './violation.ts';

/** A broken promise, with the shortest way found to break it. */
export interface FoundViolation {
  readonly seed: number;
  readonly invariant: Invariant;
  readonly detail: string;
  readonly trace: readonly Step[];
  /** Steps played until it was noticed, before shrinking. */
  readonly foundAtStep: number;
}

/** The published shape of `syncline explore --json` (keys only grow). */
export interface ExploreReport {
  readonly schema: 1;
  readonly strategy: string;
  readonly seeds: number;
  readonly firstSeed: number;
  readonly steps: number;
  /** Distinct states reached. */
  readonly states: number;
  /** CPU time of all processes together. */
  readonly cpuSeconds: number;
  readonly stepsPerCpuSecond: number;
  /** How often each kind of step had each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly FoundViolation[];
}

/** Seeds played one after the other in one process, and what came of them. */
export interface SeedsResult {
  readonly seeds: number;
  readonly steps: number;
  readonly cpuMicros: number;
  readonly coverage: CoverageData;
  readonly violations: readonly FoundViolation[];
}

/** Plays seeds `from` to `from + count - 1` in this process. */
export function playSeeds(strategy: RecoveryStrategy, from: number, count: number): SeedsResult {
  const coverage = new Coverage();
  const violations: FoundViolation[] = [];
  const before = process.cpuUsage();
  let steps = 0;
  for (let seed = from; seed < from + count; seed++) {
    const result = playSeed(strategy, seed, coverage);
    steps += result.steps;
    if (result.found) violations.push(result.found);
  }
  const { user, system } = process.cpuUsage(before);
  return {
    seeds: count,
    steps,
    cpuMicros: user + system,
    coverage: coverage.export(),
    violations,
  };
}

/** One seed; what breaks is shrunk. */
export function playSeed(
  strategy: RecoveryStrategy,
  seed: number,
  coverage?: Coverage,
): { readonly steps: number; readonly found: FoundViolation | undefined } {
  const trace = generateTrace(strategy.name, seed);
  const { steps, violation } = play(trace, { strategy, ...(coverage && { coverage }) });
  if (!violation) return { steps, found: undefined };
  const { invariant } = violation;
  const small = shrinkSteps(trace.steps.slice(0, violation.step + 1), {
    breaks: (candidate) => violationOf(candidate, seed, strategy)?.invariant === invariant,
  });
  const detail = violationOf(small, seed, strategy)?.detail ?? violation.detail;
  return {
    steps,
    found: { seed, invariant, detail, trace: small, foundAtStep: violation.step + 1 },
  };
}

/** Puts the parts of an exploration together as they come, in whatever order. */
export class Findings {
  readonly #strategy: string;
  readonly #firstSeed: number;
  readonly #coverage = new Coverage();
  readonly #violations: FoundViolation[] = [];
  #seeds = 0;
  #steps = 0;
  #cpuMicros = 0;

  constructor(strategy: string, firstSeed: number) {
    this.#strategy = strategy;
    this.#firstSeed = firstSeed;
  }

  /** Violations found so far. */
  get violations(): number {
    return this.#violations.length;
  }

  add(part: SeedsResult): void {
    this.#coverage.add(part.coverage);
    this.#violations.push(...part.violations);
    this.#seeds += part.seeds;
    this.#steps += part.steps;
    this.#cpuMicros += part.cpuMicros;
  }

  /** Violations in order of their seeds. */
  report(): ExploreReport {
    const cpuSeconds = this.#cpuMicros / 1e6;
    return {
      schema: 1,
      strategy: this.#strategy,
      seeds: this.#seeds,
      firstSeed: this.#firstSeed,
      steps: this.#steps,
      states: this.#coverage.states,
      cpuSeconds,
      stepsPerCpuSecond: cpuSeconds === 0 ? 0 : Math.round(this.#steps / cpuSeconds),
      outcomes: this.#coverage.outcomes,
      violations: this.#violations.toSorted((first, second) => first.seed - second.seed),
    };
  }
}
