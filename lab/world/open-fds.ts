/** How many descriptors this process has open. */
import { readdirSync, statSync } from 'node:fs';

const FOLDER = '/proc/self/fd';

/** From Linux 6.2 on the folder's size tells (fs/proc/fd.c: proc_fd_getattr), a twentieth of the price of listing it. */
export function countOpenFds(): number {
  const { size } = statSync(FOLDER);
  // One of those listed is the listing's own.
  return size > 0 ? size : readdirSync(FOLDER).length - 1;
}
