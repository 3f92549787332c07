/**
 * Our own programs that are measured, each in one file: set-up joins them (cli/bundle/) as it does the command whose start and speed count.
 * In modules of their own, V8 looks at each use of what another one exports whether that is there yet.
 */
import { join } from 'node:path';
import { projectRoot } from '../kernel/project.ts';

export interface OwnProgram {
  /** Its module and the file it is joined into, both below dist/. */
  readonly module: string;
  readonly file: string;
}

export const WIRE_SERVER_PROGRAM: OwnProgram = {
  module: 'lab/bench/wire/server.js',
  file: 'bundle/wire-server.cjs',
};
export const NODE_FLOOR_PROGRAM: OwnProgram = {
  module: 'lab/bench/wire/node-floor.js',
  file: 'bundle/wire-node-floor.cjs',
};
export const SYNC_PROGRAM: OwnProgram = {
  module: 'lab/bench/sync/program.js',
  file: 'bundle/sync-program.cjs',
};
export const OWN_PROGRAMS: readonly OwnProgram[] = [
  WIRE_SERVER_PROGRAM,
  NODE_FLOOR_PROGRAM,
  SYNC_PROGRAM,
];

/** The path of the joined file. */
export function ownProgram({ file }: OwnProgram): string {
  return join(projectRoot, 'dist', file);
}
