/** The strategy of those who choose none: apart from the table, so that they do not load the others. */
import type { RecoveryStrategy } from '../recovery.ts';
import { failover } from './failover.ts';

export const DEFAULT_STRATEGY: RecoveryStrategy = failover;
