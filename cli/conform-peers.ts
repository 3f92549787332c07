/** `syncline conform --peers`: the suite in the VM, against compositors of Debian sid. */
import type { ConformCase } from '../lab/conform/conform-case.ts';
import { writeDocument } from '../lab/conform/peers/document.ts';
import type { Peer } from '../lab/conform/peers/peers.ts';
import { playPeer } from '../lab/conform/peers/play.ts';
import { readResults } from '../lab/conform/peers/results.ts';
import { VmFailedError, VmUnavailableError } from '../lab/kernel/errors.ts';
import { CannotRunError } from './exit-status.ts';

export interface PeersOptions {
  readonly peers: readonly Peer[];
  readonly cases: readonly ConformCase[];
  /** Only cases of which nothing is kept; only those kept as failed, as further attempts. */
  readonly part: 'all' | 'missing' | 'failed';
  readonly retries: number;
  readonly kernelSeries: string;
  /** For each peer. */
  readonly timeoutS: number;
}

/** Plays one peer after the other, keeps the results, and writes the guide's table anew. CannotRunError without a VM. */
export async function conformPeers(options: PeersOptions): Promise<void> {
  const log = (line: string): void => void process.stderr.write(`syncline conform: ${line}\n`);
  for (const peer of options.peers) {
    const cases = options.cases.filter(({ name }) => isWanted(peer, name, options.part));
    log(`${peer.name}: ${cases.length} cases`);
    if (cases.length === 0) continue;
    try {
      await playPeer({
        ...options,
        cases,
        again: options.part === 'failed',
        peer,
        log,
        onOutput: (bytes) => void process.stdout.write(bytes),
      });
    } catch (error) {
      if (error instanceof VmUnavailableError) throw new CannotRunError(error.message);
      if (error instanceof VmFailedError) throw new CannotRunError(error.message);
      throw error;
    } finally {
      writeDocument();
    }
  }
}

function isWanted(peer: Peer, name: string, part: PeersOptions['part']): boolean {
  if (part === 'all') return true;
  const kept = readResults(peer.name)?.cases.find((candidate) => candidate.name === name);
  return part === 'missing' ? kept === undefined : kept?.result === 'fail';
}
