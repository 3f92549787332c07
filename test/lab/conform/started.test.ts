/** A compositor the suite starts itself: told how it ended, and started again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caseNamed } from '../../../lab/conform/cases/cases.ts';
import { conform, type ConformOptions } from '../../../lab/conform/conform.ts';
import type { ConformCase } from '../../../lab/conform/conform-case.ts';
import type { ConformReport } from '../../../lab/conform/result.ts';
import { projectRoot } from '../../../lab/kernel/project.ts';
import { native } from '../../../native/binding.ts';
import { Poller } from '../../../native/poller.ts';
import { withRuntimeDir } from '../../interop/support.ts';

const SYNCLINE = [process.execPath, join(projectRoot, 'cli', 'syncline.mjs')];
const OURS = [...SYNCLINE, 'compositor', '--gpus', 'sim:2'];
const LIMIT_MS = 120_000;

/** A case in whose course the compositor gets a signal. */
function signalling(signal: NodeJS.Signals, onStart: () => void = () => undefined): ConformCase {
  return {
    name: `signal-${signal}`,
    rule: 'A compositor is not killed.',
    basis: 'robustness',
    needs: [],
    run: async (run) => {
      onStart();
      const client = await run.connect();
      const peer = new Uint32Array(3);
      native.peerCredentials(client.display.fd, peer);
      process.kill(peer[0] ?? 0, signal);
      await client.roundtrip();
    },
  };
}

async function play(
  command: readonly string[],
  options: Pick<ConformOptions, 'cases' | 'retries' | 'patienceMs' | 'hotplugCommands'>,
): Promise<{ report: ConformReport; log: string }> {
  const poller = new Poller();
  poller.start();
  let result: { report: ConformReport; log: string } | undefined;
  try {
    await withRuntimeDir(async (folder) => {
      const env = { ...process.env, XDG_RUNTIME_DIR: folder, SYNCLINE_NO_SETUP: '1' };
      const logFile = join(folder, 'log');
      const report = await conform({ ...options, poller, env, start: { command, env, logFile } });
      result = { report, log: readFileSync(logFile, 'utf8') };
    });
  } finally {
    poller.stop();
    poller.close();
  }
  if (!result) throw new Error('nothing was played');
  return result;
}

test(
  'one that crashes is told with its signal, and the next case has a new one',
  { timeout: LIMIT_MS },
  async () => {
    const cases = [signalling('SIGSEGV'), caseNamed('frames'), caseNamed('unplug-import-waiting')];
    const { report } = await play(OURS, { cases });
    expect(report.cases.map(({ result }) => result)).toEqual(['fail', 'pass', 'pass']);
    expect(report.cases[0]?.failure).toBe('ended');
    expect(report.cases[0]?.detail).toMatch(
      /^disconnected: .*; the compositor was killed by SIGSEGV/,
    );
    expect(report.devices).toBe('simulated GPUs');
  },
);

test(
  'one that hangs is told as stuck, and the next case has a new one',
  { timeout: LIMIT_MS },
  async () => {
    const cases = [signalling('SIGSTOP'), caseNamed('plain-client')];
    const { report } = await play(OURS, { cases, patienceMs: 2500 });
    expect(report.cases.map(({ result }) => result)).toEqual(['fail', 'pass']);
    expect(report.cases[0]?.failure).toBe('stuck');
    expect(report.cases[0]?.detail).toBe(
      'the compositor does not answer a round trip; the compositor is stuck: it runs, and does not answer',
    );
  },
);

test(
  'a case that failed is played again, in a compositor of its own',
  { timeout: LIMIT_MS },
  async () => {
    let attempts = 0;
    const { report, log } = await play(OURS, {
      cases: [signalling('SIGKILL', () => attempts++), caseNamed('plain-client')],
      retries: 2,
    });
    expect(attempts).toBe(3);
    expect(report.cases[0]?.attempts?.map(({ result }) => result)).toEqual([
      'fail',
      'fail',
      'fail',
    ]);
    expect(report.cases[0]?.failure).toBe('ended');
    expect(report.cases[0]?.detail).toMatch(/killed by SIGKILL.*\(failed 3 of 3 times\)$/);
    expect(report.cases[1]).not.toHaveProperty('attempts');
    // One for each attempt, and one for the case after them.
    expect(log.match(/WAYLAND_DISPLAY=/g)).toHaveLength(4);
  },
);

test('one that does not start is no failure of the cases', { timeout: LIMIT_MS }, async () => {
  const cases = [caseNamed('plain-client')];
  const crash = play(['sh', '-c', 'echo no screen here >&2; exit 4'], { cases });
  await expect(crash).rejects.toThrow(
    'the compositor ended with status 4 (last line: no screen here) before it opened a socket',
  );
  const absent = play(['/nonexistent/compositor'], { cases });
  await expect(absent).rejects.toThrow(/could not be run .*ENOENT.* before it opened a socket/);
});

test(
  'the time somebody takes to pull a GPU is not the compositor’s',
  { timeout: LIMIT_MS },
  async () => {
    const patienceMs = 500;
    const pull: ConformCase = {
      name: 'pull',
      rule: 'A GPU is pulled.',
      basis: 'robustness',
      needs: ['unplug'],
      run: async (run) => run.unplug('client'),
    };
    // Longer than a case may take altogether; and nothing is pulled, which the suite must notice.
    const hotplugCommands = { unplug: 'sleep 7', plug: 'true' };
    const { report } = await play(OURS, { cases: [pull], patienceMs, hotplugCommands });
    expect(report.cases[0]).toMatchObject({
      result: 'skip',
      detail: expect.stringContaining('still answers after it was unplugged') as string,
    });
  },
);
