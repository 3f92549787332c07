/** What the unplug cases have in common: drawing afterwards, and timelines that go on through another GPU. */
import type { DeviceId } from '../../../devices/syncobj-device.ts';
import type { Bystander } from '../bystander.ts';
import type { CaseRun } from '../case-run.ts';
import { Stage, type StagedCommit } from '../stage.ts';

/** Two clients: a bystander that draws all the time, and a stage of three buffers with the first of them on screen. */
export async function stageBesideBystander(
  run: CaseRun,
): Promise<{ readonly bystander: Bystander; readonly stage: Stage; readonly shown: StagedCommit }> {
  const bystander = await run.bystander();
  return { bystander, ...(await Stage.showing(run, 3)) };
}

/** What must still work after the compositor's GPU has gone: drawing on old timelines, on new ones, and others' drawing. */
export async function expectAlive(stage: Stage, when: string): Promise<void> {
  await stage.client.roundtrip();
  let previous: StagedCommit | undefined;
  for (let index = 0; index < 4; index++) {
    const commit = await stage.showReady(index);
    if (previous) await stage.expectReleased(previous, `release of a frame drawn ${when}`);
    previous = commit;
  }
  const fresh = stage.run.timeline(stage.client);
  await stage.client.roundtrip();
  const { proxy, release } = stage.buffer(0);
  fresh.signal(1n);
  const point = stage.nextPoint();
  const frame = stage.window.show(proxy, fresh.at(1n), release.at(point));
  await stage.expectShown(frame, `a frame on a timeline imported ${when} is shown`);
}

/** Through their kept fds, to another GPU. */
export function moveTimelines(stage: Stage, gpu: DeviceId): void {
  const other = stage.run.device(gpu);
  stage.acquire.moveTo(other);
  for (const { release } of stage.buffers) release.moveTo(other);
}

/** Draws these buffers with a new timeline of this GPU. */
export async function expectAliveOn(
  stage: Stage,
  gpu: DeviceId,
  when: string,
  buffers: readonly number[] = [0, 1, 2],
): Promise<void> {
  const timeline = stage.run.timeline(stage.client, gpu);
  await stage.client.roundtrip();
  for (const index of buffers) {
    const { proxy, release } = stage.buffer(index);
    const point = stage.nextPoint();
    timeline.signal(point);
    const frame = stage.window.show(proxy, timeline.at(point), release.at(point));
    await stage.expectShown(frame, `a frame drawn ${when} is shown`);
  }
}
