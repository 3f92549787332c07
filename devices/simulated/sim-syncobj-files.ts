/** The syncobjs of the simulated kernel and the descriptors that refer to them. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { ObjectFiles } from './object-files.ts';
import { SimSyncobj } from './sim-syncobj.ts';

/** See the file comment. */
export class SimSyncobjFiles {
  readonly #live = new Set<SimSyncobj>();
  readonly #files: ObjectFiles<SimSyncobj>;
  readonly #stubTimestampNs: bigint;

  constructor(poller: Poller, stubTimestampNs: bigint) {
    this.#files = new ObjectFiles(poller, (syncobj) => syncobj.letGo());
    this.#stubTimestampNs = stubTimestampNs;
  }

  /** Syncobjs with at least one handle or descriptor. */
  get live(): number {
    return this.#live.size;
  }

  /** Open syncobj files. */
  get files(): number {
    return this.#files.size;
  }

  /** A new syncobj. The caller holds it, and lets go. */
  create(): SimSyncobj {
    const syncobj = new SimSyncobj(this.#stubTimestampNs, (freed) => this.#live.delete(freed));
    this.#live.add(syncobj);
    return syncobj.hold();
  }

  /** A new descriptor, owned by the caller, that refers to the syncobj. SystemError: EMFILE. */
  open(syncobj: SimSyncobj): OwnedFd {
    const { fd } = this.#files.open(syncobj);
    syncobj.hold();
    return fd;
  }

  /** The syncobj behind a (borrowed) descriptor, if it is one. */
  find(fd: number): SimSyncobj | undefined {
    return this.#files.find(fd);
  }

  /** A second descriptor of the same file, owned by the caller. */
  dup(fd: number): OwnedFd {
    return new OwnedFd(native.dup(fd));
  }

  dispose(): void {
    this.#files.dispose();
    this.#live.clear();
  }
}
