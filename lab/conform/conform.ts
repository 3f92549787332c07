/** Plays the cases one after the other and collects the verdicts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { native } from '../../native/binding.ts';
import { CaseRun } from './case-run.ts';
import type { ConformCase } from './conform-case.ts';
import type { Environment } from './environment.ts';
import { prepare, type PrepareOptions } from './prepare.ts';
import type { CaseResult, ConformReport, Verdict } from './result.ts';
import { CaseFailedError, CaseSkippedError } from './verdicts.ts';

/** A case may need this many times the longest single wait. */
const CASE_PATIENCES = 12;

export interface ConformOptions extends PrepareOptions {
  readonly cases: readonly ConformCase[];
  readonly onResult?: (result: CaseResult, done: number, total: number) => void;
}

/** NoCompositorError when there is nothing to test. Leaves nothing open. */
export async function conform(options: ConformOptions): Promise<ConformReport> {
  const { environment, compositor } = await prepare(options);
  try {
    const cases: CaseResult[] = [];
    let gone: string | undefined;
    for (const conformCase of options.cases) {
      const reason = gone ?? skipReason(conformCase, environment);
      const result = reason
        ? describe(conformCase, 'skip', reason, 0)
        : await play(conformCase, environment);
      if (result.result === 'fail' && !(await isReachable(environment))) {
        gone = `the compositor has been gone since ${conformCase.name}`;
      }
      cases.push(result);
      options.onResult?.(result, cases.length, options.cases.length);
    }
    const devices = environment.gpus?.description ?? 'no GPU';
    return { schema: 1, compositor, devices, cases };
  } finally {
    environment.gpus?.dispose();
  }
}

function skipReason({ needs }: ConformCase, { missing }: Environment): string | undefined {
  return needs.map((need) => missing.get(need)).find((reason) => reason !== undefined);
}

async function play(conformCase: ConformCase, environment: Environment): Promise<CaseResult> {
  const run = new CaseRun(environment);
  const startNs = native.monotonicNs();
  const verdict = (result: Verdict, detail: string): CaseResult => {
    const durationMs = Math.round(Number(native.monotonicNs() - startNs) / 1e6);
    return describe(conformCase, result, detail, durationMs);
  };
  let result: CaseResult;
  try {
    const detail = await withTimeout(conformCase.run(run), environment.patienceMs * CASE_PATIENCES);
    result = verdict('pass', detail ?? '');
  } catch (error) {
    result = verdict(error instanceof CaseSkippedError ? 'skip' : 'fail', reasonOf(error));
  }
  try {
    await run.dispose();
  } catch (error) {
    // A GPU that does not come back spoils the cases after this one: it must be seen.
    const detail = `${result.detail} (cleaning up: ${reasonOf(error)})`.trim();
    result = { ...result, result: 'fail', detail };
  }
  return result;
}

function describe(
  { name, rule, basis }: ConformCase,
  result: Verdict,
  detail: string,
  durationMs: number,
): CaseResult {
  return { name, result, detail, rule, basis, durationMs };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof CaseFailedError || error instanceof CaseSkippedError;
  return expected ? error.message : `${error.name}: ${error.message}`;
}

async function withTimeout<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const done = new AbortController();
  const late = sleep(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new CaseFailedError(`did not end within ${limitMs / 1000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    // The abort's own rejection, and that of a case which goes on after its time, have nobody else who listens.
    late.catch(() => {});
    work.catch(() => {});
  }
}

async function isReachable(environment: Environment): Promise<boolean> {
  const run = new CaseRun(environment);
  try {
    await run.connect();
    return true;
  } catch {
    return false;
  } finally {
    await run.dispose();
  }
}
