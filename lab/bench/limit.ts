/** What held a run up. */
import { median } from './statistics.ts';
import type { ClientReport } from './wire/peers.ts';

/** Above this share of the time somebody is busy, he is what it waits for. */
const BUSY_SHARE = 0.8;

/** Who had the least idle time: the clients, the server's main thread, or neither (wake-ups in between). */
export function limitOf(reports: readonly ClientReport[]): 'client' | 'server' | 'wake-ups' {
  const server = median(reports.map(({ mainThreadNs, wallNs }) => mainThreadNs / wallNs));
  const client = median(reports.map(({ clientCpuNs, wallNs }) => clientCpuNs / wallNs));
  if (Math.max(server, client) < BUSY_SHARE) return 'wake-ups';
  return server > client ? 'server' : 'client';
}
