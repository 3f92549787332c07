/** The part of V8's heap where objects are born, in a process that makes many and keeps few. */
import { setFlagsFromString } from 'node:v8';

/**
 * From now on it stays as large as it is, some MiB. V8 would double it up to 32 MiB under load and keep that for good, while
 * collecting it costs next to nothing: what a compositor makes for a commit is garbage a frame later.
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
