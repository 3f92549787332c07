/** What a client that left was owed, seen by whoever else holds its timelines. */
import type { Stage, StagedCommit } from '../stage.ts';

/** Ends the stage's client; expects the releases of what it had on screen and of what was waiting. */
export async function expectReleasedAfterExit(
  { run, client }: Stage,
  shown: StagedCommit,
  waiting: StagedCommit,
): Promise<void> {
  client.close();
  const released =
    ({ release, point }: StagedCommit) =>
    (): boolean =>
      release.isSignalled(point);
  await run.expect('release of what was on screen', released(shown));
  await run.expect('release of what was waiting', released(waiting));
}
