/** A region that is kept beyond the wl_region it was taken from, on its client's account. */
import type { Region } from './region.ts';

/** Where rectangles are counted: a client's {@link ClientState}. */
export interface RegionAccount {
  /** So many more, or fewer. False, and nothing booked, when that is too many. */
  changeRegionRects(change: number): boolean;
}

/** Nearly all regions have no more; as many as that for each of the surfaces a client may have do no harm. */
const FREE_RECTS = 16;

/** Has one owner at a time, who drops it. */
export class KeptRegion {
  readonly region: Region;
  #account: RegionAccount | null;

  /** Null: the client keeps too many rectangles already. */
  static keep(region: Region, account: RegionAccount): KeptRegion | null {
    const rects = region.rectCount;
    if (rects <= FREE_RECTS) return new KeptRegion(region, null);
    return account.changeRegionRects(rects) ? new KeptRegion(region, account) : null;
  }

  private constructor(region: Region, account: RegionAccount | null) {
    this.region = region;
    this.#account = account;
  }

  /** Gives its place in the account back. Idempotent. */
  drop(): void {
    const account = this.#account;
    this.#account = null;
    account?.changeRegionRects(-this.region.rectCount);
  }
}
