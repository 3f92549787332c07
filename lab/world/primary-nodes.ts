/** The machine's primary DRM nodes. */
import { existsSync, readdirSync } from 'node:fs';

const FOLDER = '/dev/dri';

/** "/dev/dri/card0"…, in a stable order. */
export function primaryNodes(): string[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => name.startsWith('card'))
    .toSorted()
    .map((name) => `${FOLDER}/${name}`);
}
