/** Tells when somebody may have changed who can open a device node: its mode, owner or ACL. */
import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { SystemPaths } from './discovery.ts';

const FOLDER = 'dri';

/**
 * Watches the folder of the nodes (inotify: IN_ATTRIB). Where there is none, or no watch can be had, permissions are noticed by
 * the retries of who failed to open a node, and by uevents.
 */
export class NodePermissions {
  readonly #folder: string;
  readonly #onChanged: (devname: string) => void;
  /** Times of the last change of each node's inode, as far as told. */
  readonly #told = new Map<string, bigint>();
  #watcher: FSWatcher | undefined;

  /** `onChanged` gets a DEVNAME ("dri/renderD128"). */
  constructor(paths: SystemPaths, onChanged: (devname: string) => void) {
    this.#folder = join(paths.dev, FOLDER);
    this.#onChanged = onChanged;
    this.watch();
  }

  /** Begins anew, from how things are now: the folder goes with the last node and comes with the first. */
  watch(): void {
    this.close();
    try {
      for (const name of readdirSync(this.#folder)) this.#told.set(name, this.#changeTime(name));
      this.#watcher = watch(this.#folder, { persistent: false }, (event, name) => {
        if (event === 'change' && name) this.#check(name);
      });
      this.#watcher.on('error', () => this.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#told.clear();
  }

  #check(name: string): void {
    let changeTimeNs: bigint;
    try {
      changeTimeNs = this.#changeTime(name);
    } catch {
      return; // It went, which its uevent will say.
    }
    if (this.#told.get(name) === changeTimeNs) return;
    this.#told.set(name, changeTimeNs);
    this.#onChanged(`${FOLDER}/${name}`);
  }

  #changeTime(name: string): bigint {
    return statSync(join(this.#folder, name), { bigint: true }).ctimeNs;
  }
}
