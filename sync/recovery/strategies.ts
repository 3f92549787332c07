/** The table of recovery strategies by name. */
import type { RecoveryStrategy } from '../recovery.ts';
import { container } from './container.ts';
import { failover } from './failover.ts';
import { ignoreSync } from './ignore-sync.ts';
import { importAll } from './import-all.ts';
import { reImport } from './re-import.ts';
import { singleImport } from './single-import.ts';
import { syncFile } from './sync-file.ts';
import { syncobjDevice } from './syncobj-device.ts';

/** In the order of reports: today's practice first, the default last. */
export const STRATEGIES: ReadonlyMap<string, RecoveryStrategy> = new Map(
  [singleImport, ignoreSync, reImport, importAll, container, syncobjDevice, syncFile, failover].map(
    (strategy) => [strategy.name, strategy],
  ),
);

/** RangeError names the known ones. */
export function strategyByName(name: string): RecoveryStrategy {
  const strategy = STRATEGIES.get(name);
  if (strategy) return strategy;
  throw new RangeError(`unknown strategy "${name}"; known: ${[...STRATEGIES.keys()].join(', ')}`);
}
