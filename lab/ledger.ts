/**
 * What truly happened to each commit, known from both ends: the client says what became of its acquire points and which
 * releases it is owed, the compositor's trace says what was latched and presented. Metrics are read off it afterwards, so
 * that no figure rests on the compositor's own opinion of itself.
 */

/** What really became of a commit's acquire point. `abandoned`: its client can never submit it (its device went). */
export type AcquireTruth = 'pending' | 'signalled' | 'failed' | 'abandoned';

export interface CommitRecord {
  /** Number of the client's connection, from 1. */
  readonly client: number;
  /** The wl_surface's object id. */
  readonly surface: number;
  /** Which wl_surface.commit of this surface it was, from 1; commits without a buffer count. */
  readonly serial: number;
  readonly committedAtNs: bigint;
  /** When its acquire point got a fence: its work was handed to a GPU. */
  submittedAtNs: bigint | undefined;
  acquire: AcquireTruth;
  acquireAtNs: bigint | undefined;
  /** The compositor has handled it. A client that vanishes may leave requests behind that nobody ever reads. */
  receivedAtNs: bigint | undefined;
  /** Its content was applied: from now on it may be read for a frame. */
  latchedAtNs: bigint | undefined;
  /** Its content was on screen. */
  presentedAtNs: bigint | undefined;
  /** When its client got the frame callback. */
  calledBackAtNs: bigint | undefined;
  /** The compositor applied the update without its content (failed fence) or dropped it for a newer one. */
  droppedAtNs: bigint | undefined;
  /** When the client saw its release point signalled. */
  releasedAtNs: bigint | undefined;
  /** Latched before its fence ended, also when there never was to be one. */
  latchedEarly: boolean;
  /** Latched although its fence had failed or was never to come, or although it did not wait to see that. */
  failedShown: boolean;
  /** Its client got the buffer back while that was waited for, or was what the surface shows. */
  releasedEarly: boolean;
}

export interface DisconnectRecord {
  readonly client: number;
  readonly reason: string;
  /** The client had broken a rule on purpose. */
  readonly deserved: boolean;
}

export interface LedgerSurface {
  readonly client: number;
  readonly surface: number;
  /** In commit order. */
  readonly commits: CommitRecord[];
}

export class Ledger {
  readonly commits: CommitRecord[] = [];
  readonly disconnects: DisconnectRecord[] = [];
  /** Clients that left of their own will. */
  readonly left: Set<number> = new Set();
  /** When devices came and went, for recovery times and the report. */
  readonly deviceEvents: {
    readonly type: 'lost' | 'added';
    readonly device: string;
    readonly atNs: bigint;
  }[] = [];
  readonly #bySurface = new Map<string, LedgerSurface>();
  readonly #destroyed = new Set<string>();

  committed(client: number, surface: number, serial: number, atNs: bigint): CommitRecord {
    const record: CommitRecord = {
      client,
      surface,
      serial,
      committedAtNs: atNs,
      submittedAtNs: undefined,
      acquire: 'pending',
      acquireAtNs: undefined,
      receivedAtNs: undefined,
      latchedAtNs: undefined,
      presentedAtNs: undefined,
      calledBackAtNs: undefined,
      droppedAtNs: undefined,
      releasedAtNs: undefined,
      latchedEarly: false,
      failedShown: false,
      releasedEarly: false,
    };
    this.commits.push(record);
    const key = keyOf(client, surface);
    const held = this.#bySurface.get(key);
    if (held) held.commits.push(record);
    else this.#bySurface.set(key, { client, surface, commits: [record] });
    return record;
  }

  find(client: number, surface: number, serial: number): CommitRecord | undefined {
    const commits = this.#bySurface.get(keyOf(client, surface))?.commits;
    return commits?.findLast((record) => record.serial === serial);
  }

  /** Its client saw the release of this commit. Judged by what is so at this very moment. */
  released(record: CommitRecord, atNs: bigint): void {
    if (record.releasedAtNs !== undefined) return;
    record.releasedAtNs = atNs;
    record.releasedEarly = this.#inUse(record);
  }

  /** The client is about to destroy the surface: nothing it committed there is in use any more. */
  surfaceDestroyed(client: number, surface: number): void {
    this.#destroyed.add(keyOf(client, surface));
  }

  /** The client left, or was cut off. */
  isGone(client: number): boolean {
    return this.left.has(client) || this.disconnects.some((cut) => cut.client === client);
  }

  /**
   * The compositor applied this commit's content. Which of a lost device's two victims hears of the loss first, the client that cannot
   * submit or the compositor that shows the frame all the same, is chance and makes no difference here.
   */
  latched(record: CommitRecord, atNs: bigint): void {
    record.latchedAtNs ??= atNs;
    if (record.acquire === 'pending' || record.acquire === 'abandoned') record.latchedEarly = true;
    if (isBad(record.acquire)) record.failedShown = true;
  }

  /** What became of its acquire point; `atNs` undefined: nothing will ever end it. */
  acquireEnded(
    record: CommitRecord,
    acquire: Exclude<AcquireTruth, 'pending'>,
    atNs?: bigint,
  ): void {
    record.acquire = acquire;
    record.acquireAtNs = atNs;
    if (record.latchedEarly && isBad(acquire)) record.failedShown = true;
  }

  /** All that ever committed, in the order of their first commits. */
  surfaces(): readonly LedgerSurface[] {
    return [...this.#bySurface.values()];
  }

  /** It was not dropped, and nothing has taken its place. */
  #inUse({ client, surface, serial, droppedAtNs }: CommitRecord): boolean {
    const key = keyOf(client, surface);
    if (droppedAtNs !== undefined || this.#destroyed.has(key) || this.isGone(client)) return false;
    const commits = this.#bySurface.get(key)?.commits ?? [];
    return !commits.some((later) => later.serial > serial && later.latchedAtNs !== undefined);
  }
}

function isBad(acquire: AcquireTruth): boolean {
  return acquire === 'failed' || acquire === 'abandoned';
}

function keyOf(client: number, surface: number): string {
  return `${client}/${surface}`;
}
