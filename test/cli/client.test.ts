/** `syncline client` in a compositor with simulated GPUs: each kind does what its name says, and tells the truth about it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClientResult } from '../../lab/client/result.ts';
import { EIO, ENODEV } from '../../native/errno.ts';

const CLI = fileURLToPath(new URL('../../cli/syncline.mjs', import.meta.url));
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-client-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it inside a compositor; `onOutput` sees what was printed so far. */
function runClient(
  args: readonly string[],
  compositorArgs: readonly string[] = ['--gpus', 'sim:2'],
  onOutput: (text: string) => void = () => {},
): Promise<Ended> {
  const inner = [process.execPath, CLI, 'client', ...args];
  const child = spawn(process.execPath, [CLI, 'compositor', ...compositorArgs, '--', ...inner]);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => onOutput((stdout += text)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Pulls the GPU as soon as a commit waits for its acquire point. */
async function removeGpuUnderAWait(control: string, gpu: string): Promise<void> {
  const socket = connect(control);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  const ask = async (request: object): Promise<string> => {
    socket.write(`${JSON.stringify({ id: 1, ...request })}\n`);
    const { value } = await answers.next();
    return String(value);
  };
  try {
    while (!(await ask({ op: 'surfaces' })).includes('"type":"acquire"')) continue;
    expect(await ask({ op: 'gpu_remove', gpu })).toContain('"ok":true');
  } finally {
    socket.destroy();
  }
}

async function resultOf(...args: readonly string[]): Promise<ClientResult> {
  const { stdout, stderr, status } = await runClient([...args, '--json']);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as ClientResult;
}

test('steady: every frame is submitted before its commit and called back', async () => {
  const result = await resultOf('steady', '--frames', '8');
  expect(result).toMatchObject({ schema: 1, client: 'steady', framesDone: 8, lostReleases: 0 });
  for (const { committedMs, submittedMs = Infinity, endedMs = 0, doneMs = 0 } of result.frames) {
    expect(submittedMs).toBeLessThanOrEqual(committedMs);
    expect(doneMs).toBeGreaterThan(endedMs);
  }
}, 60_000);

test('wait-before-submit: no frame is called back before its late submission', async () => {
  const { frames } = await resultOf('wait-before-submit', '--frames', '5', '--delay', '30');
  expect(frames).toHaveLength(5);
  for (const { committedMs, submittedMs = 0, doneMs = 0 } of frames) {
    expect(submittedMs - committedMs).toBeGreaterThanOrEqual(29);
    expect(doneMs).toBeGreaterThan(submittedMs);
  }
}, 60_000);

test('never-signals: sits there until its time is up; its releases come when its surface is gone', async () => {
  const { frames, lostReleases } = await resultOf('never-signals', '--from', '3', '--seconds', '3');
  expect(frames.map(({ doneMs }) => doneMs !== undefined)).toEqual([true, true, false]);
  expect(frames[2]).not.toHaveProperty('submittedMs');
  expect(lostReleases).toBe(0);
}, 60_000);

test('failed-fence: every other frame fails, and no release is lost over it', async () => {
  const { frames, lostReleases } = await resultOf('failed-fence', '--from', '2', '--frames', '5');
  expect(frames.map(({ failedWith }) => failedWith)).toEqual([
    undefined,
    EIO,
    undefined,
    EIO,
    undefined,
  ]);
  expect(lostReleases).toBe(0);
}, 60_000);

test('unplug-rescue: when its GPU goes it ends what it owed through the other one, and draws on there', async () => {
  const control = join(folder, 'control');
  let removed: Promise<void> | undefined;
  const args = ['unplug-rescue', '--gpu', 'sim:1', '--delay', '400', '--frames', '4'];
  const compositor = ['--gpus', 'sim:2', '--control', control];
  const { stdout, stderr, status } = await runClient(args, compositor, (text) => {
    if (text.includes('frame 1 ')) removed ??= removeGpuUnderAWait(control, 'sim:1');
  });
  await removed;
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/its GPU went at [\d.]+ ms, on with sim:0/);
  expect(stdout).toMatch(
    new RegExp(`rescued through another GPU, failed \\(errno ${ENODEV}\\).*frame callback`),
  );
  expect(stdout).toContain('4 of 4 frames called back');
  expect(stdout).toContain('all releases came');
}, 60_000);

test('without a GPU to draw on: status 3 and the reason', async () => {
  const { status, stderr } = await runClient(['steady'], ['--gpus', 'none']);
  expect(status).toBe(3);
  expect(stderr).toMatch(/does not offer wp_linux_drm_syncobj_manager_v1|no GPU/);
}, 60_000);

test('an unknown client is a usage error that names the known ones', async () => {
  const { status, stderr } = await runClient(['nobody']);
  expect(status).toBe(2);
  expect(stderr).toContain('known: steady, wait-before-submit');
}, 60_000);
