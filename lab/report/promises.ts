/** The promises in words, for people. */
import { PROMISES, type RunResult } from '../compare/result.ts';

export type PromiseKey = (typeof PROMISES)[number];

/** Two words for a cell of the matrix, and what they mean. */
export const PROMISE_WORDS: Readonly<Record<PromiseKey, readonly [short: string, long: string]>> = {
  stuckSurfaces: ['stuck', 'a surface whose finished frames never reach the screen'],
  undeservedDisconnects: ['cut off', 'a client disconnected though it broke no rule'],
  earlyLatches: ['shown early', 'content on screen before its GPU work was done'],
  failedFencesShown: ['bad shown', 'content on screen whose GPU work failed or can never be done'],
  earlyReleases: ['released early', 'a buffer its client gets back while it is in use'],
  lostReleases: ['release lost', 'a buffer its client never gets back'],
  leakedFds: ['fds leak', 'descriptors left over when the clients are gone'],
  leakedHandles: ['handles leak', 'syncobj handles left over when the clients are gone'],
};

/** The promises some of these runs broke, in the order of {@link PROMISES}. */
export function brokenPromises(runs: readonly RunResult[]): PromiseKey[] {
  return PROMISES.filter((promise) => runs.some((run) => run[promise] > 0));
}
