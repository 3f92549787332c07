/** Plays the cases one after the other and collects the verdicts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../../native/binding.ts';
import { CaseRun } from './case-run.ts';
import type { CompositorCommand } from './compositor-process.ts';
import type { ConformCase } from './conform-case.ts';
import type { Environment } from './environment.ts';
import type { PrepareOptions } from './prepare.ts';
import { settle, type Attempt, type CaseResult, type ConformReport } from './result.ts';
import { RunningSubject, StartedSubject, type Subject } from './subject.ts';
import { CaseFailedError, CaseSkippedError } from './verdicts.ts';

/** A case may need this many times the longest single wait. */
const CASE_PATIENCES = 12;

export interface ConformOptions extends PrepareOptions {
  readonly cases: readonly ConformCase[];
  /**
   * Starts the compositor: once, again after it ended or hung, and for each case that pulls a GPU. Without, the one at `socket` or
   * WAYLAND_DISPLAY is tested, and when that goes the rest is skipped.
   */
  readonly start?: CompositorCommand;
  /** How often a case that failed is played again (in a fresh compositor where `start` can make one). Default 0. */
  readonly retries?: number;
  /** After each case, with the report as it is by then. */
  readonly onResult?: (result: CaseResult, soFar: ConformReport) => void;
}

/** NoCompositorError when there is nothing to test. Leaves nothing open, nor running. */
export async function conform(options: ConformOptions): Promise<ConformReport> {
  const { start, retries = 0 } = options;
  const subject = start ? new StartedSubject(options, start) : new RunningSubject(options);
  try {
    const { description: devices = 'no GPU' } = (await firstEnvironment(subject)).gpus ?? {};
    const cases: CaseResult[] = [];
    const report = (): ConformReport => ({
      schema: 1,
      compositor: subject.compositor,
      devices,
      cases,
    });
    for (const conformCase of options.cases) {
      const result = await judge(conformCase, subject, retries);
      cases.push(result);
      options.onResult?.(result, report());
    }
    return report();
  } finally {
    await subject.dispose();
  }
}

async function firstEnvironment(subject: Subject): Promise<Environment> {
  const environment = await subject.ready(false);
  if (typeof environment === 'string') throw new Error(environment);
  return environment;
}

/** Plays a case, and what failed again: a slow moment of the machine is no failure. */
async function judge(
  conformCase: ConformCase,
  subject: Subject,
  retries: number,
): Promise<CaseResult> {
  const { name, rule, basis, source, needs } = conformCase;
  const attempts: [Attempt, ...Attempt[]] = [
    await attempt(conformCase, subject, needs.includes('unplug')),
  ];
  while (attempts[0].result === 'fail' && attempts.length <= retries) {
    attempts.push(await attempt(conformCase, subject, true));
  }
  return { name, ...settle(attempts), rule, basis, ...(source !== undefined && { source }) };
}

async function attempt(
  conformCase: ConformCase,
  subject: Subject,
  fresh: boolean,
): Promise<Attempt> {
  const skip = (detail: string): Attempt => ({
    result: 'skip',
    detail,
    durationMs: 0,
    patienceMs: subject.environment?.patienceMs ?? 0,
  });
  const known = subject.environment && skipReason(conformCase, subject.environment);
  if (known !== undefined) return skip(known);
  const environment = await subject.ready(fresh);
  if (typeof environment === 'string') return skip(environment);
  const missing = skipReason(conformCase, environment);
  if (missing !== undefined) return skip(missing);
  const played = await play(conformCase, environment);
  const end = await subject.end();
  if (end === undefined) return played;
  const seen = played.result === 'fail' ? played.detail : 'everything was as it should be';
  const detail = `${seen}; the compositor ${end.text}`;
  return { ...played, result: 'fail', detail, failure: end.failure };
}

function skipReason({ needs }: ConformCase, { missing }: Environment): string | undefined {
  return needs.map((need) => missing.get(need)).find((reason) => reason !== undefined);
}

async function play(conformCase: ConformCase, environment: Environment): Promise<Attempt> {
  const run = new CaseRun(environment);
  const startNs = native.monotonicNs();
  const { patienceMs } = environment;
  let attempted: Pick<Attempt, 'result' | 'detail' | 'failure'>;
  try {
    const detail = await withTimeout(run, conformCase.run(run), patienceMs * CASE_PATIENCES);
    attempted = { result: 'pass', detail: detail ?? '' };
  } catch (error) {
    attempted = outcomeOf(error);
  }
  const durationMs = Math.round(Number(native.monotonicNs() - startNs) / 1e6);
  try {
    await run.dispose();
  } catch (error) {
    // A GPU that does not come back spoils the cases after this one: it must be seen.
    const detail = `${attempted.detail} (cleaning up: ${reasonOf(error)})`.trim();
    attempted = { failure: 'wrong', ...attempted, result: 'fail', detail };
  }
  return { ...attempted, durationMs, patienceMs };
}

function outcomeOf(error: unknown): Pick<Attempt, 'result' | 'detail' | 'failure'> {
  const detail = reasonOf(error);
  if (error instanceof CaseSkippedError) return { result: 'skip', detail };
  const failure = error instanceof CaseFailedError ? error.failure : 'wrong';
  return { result: 'fail', detail, failure };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof CaseFailedError || error instanceof CaseSkippedError;
  return expected ? error.message : `${error.name}: ${error.message}`;
}

/** `limitMs` without the time somebody needed to pull GPUs. */
async function withTimeout<T>(run: CaseRun, work: Promise<T>, limitMs: number): Promise<T> {
  const done = new AbortController();
  const late = async (): Promise<never> => {
    const startNs = native.monotonicNs();
    for (;;) {
      const usedMs = Number(native.monotonicNs() - startNs) / 1e6 - run.hotplugMs;
      if (usedMs >= limitMs)
        throw new CaseFailedError(`did not end within ${limitMs / 1000} s`, 'stuck');
      await sleep(limitMs - usedMs, undefined, { signal: done.signal });
    }
  };
  const limit = late();
  try {
    return await Promise.race([work, limit]);
  } finally {
    done.abort();
    // The abort's own rejection, and that of a case which goes on after its time, have nobody else who listens.
    limit.catch(() => {});
    work.catch(() => {});
  }
}
