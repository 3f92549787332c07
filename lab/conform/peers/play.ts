/** Plays cases against a peer: in the VM, in a Debian of the peer's own. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VmFailedError } from '../../kernel/errors.ts';
import { lastLines } from '../../kernel/process.ts';
import { projectRoot } from '../../kernel/project.ts';
import { GUEST_OUT } from '../../kernel/run-folder.ts';
import { runInVm } from '../../kernel/run.ts';
import type { ConformCase } from '../conform-case.ts';
import type { ConformReport } from '../result.ts';
import type { Peer } from './peers.ts';
import { keepResults, type PeerResults } from './results.ts';
import { packageVersions, peerRoot } from './root.ts';

const GUEST_SCRIPT = join(projectRoot, 'lab', 'conform', 'peers', 'guest.sh');
/** A renderer's code and a memory file system for what it writes. */
const MEMORY_MIB = 3072;
const GPUS = 2;
const REPORT = 'report.json';
const LOG = 'log';
const LOG_LINES = 20;

export interface PeerPlay {
  readonly peer: Peer;
  readonly cases: readonly ConformCase[];
  readonly retries: number;
  /** What is kept of these cases stays, as earlier attempts. */
  readonly again: boolean;
  readonly kernelSeries: string;
  readonly timeoutS: number;
  readonly log: (line: string) => void;
  /** What the suite prints in the VM. */
  readonly onOutput: (bytes: Buffer) => void;
}

/**
 * Resolves to all that is kept of the peer, what was played just now included. Rejects with VmUnavailableError, or with VmFailedError when
 * the VM ended before all was played: what was is kept all the same.
 */
export async function playPeer(play: PeerPlay): Promise<PeerResults> {
  const { peer, log } = play;
  const root = await peerRoot(log);
  const versions = await packageVersions(root, peer.packages);
  const outFolder = mkdtempSync(join(tmpdir(), 'syncline-peer-'));
  const keep = (): PeerResults | undefined => {
    const report = readReport(join(outFolder, REPORT));
    return report && keepResults({ peer: peer.name, versions }, report, play.again);
  };
  try {
    const status = await playInVm(play, root, outFolder);
    const kept = keep();
    if (!kept) throw new VmFailedError(`${peer.name} could not be played (status ${status})`, '');
    return kept;
  } catch (error) {
    if (!keep()) log(`${peer.name} said: ${lastLines(readLog(outFolder), LOG_LINES)}`);
    throw error;
  } finally {
    rmSync(outFolder, { recursive: true, force: true });
  }
}

function readLog(outFolder: string): string {
  const path = join(outFolder, LOG);
  return existsSync(path) ? readFileSync(path, 'utf8') : 'nothing';
}

async function playInVm(play: PeerPlay, root: string, outFolder: string): Promise<number> {
  const only = play.cases.map(({ name }) => name).join(',');
  const options = ['--only', only, '--retries', String(play.retries)];
  const files = ['--json', join(GUEST_OUT, REPORT), '--log', join(GUEST_OUT, LOG)];
  const { status } = await runInVm({
    command: ['sh', GUEST_SCRIPT, root, play.peer.name, ...options, ...files],
    cwd: projectRoot,
    env: process.env,
    gpus: GPUS,
    modules: true,
    kernelSeries: play.kernelSeries,
    memoryMib: MEMORY_MIB,
    timeoutS: play.timeoutS,
    outFolder,
    onStdout: play.onOutput,
    onStderr: play.onOutput,
    log: play.log,
  });
  return status;
}

/** Undefined when not one case was played. */
function readReport(path: string): ConformReport | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ConformReport) : undefined;
}
