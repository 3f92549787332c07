/** A queued wait of a strategy that polls for its fence instead of arming an eventfd. */
import type { ExportPolled } from './export-poll.ts';
import type { PointWait } from './wait.ts';
import type { WaitList } from './wait-list.ts';

/** What the export poll has of it. */
export class PolledWait implements ExportPolled {
  readonly #list: WaitList;
  readonly #wait: PointWait;

  constructor(list: WaitList, wait: PointWait) {
    this.#list = list;
    this.#wait = wait;
  }

  pollExport(): boolean {
    return this.#list.pollExport(this.#wait);
  }

  exportTimedOut(): void {
    this.#list.settle(this.#wait, { type: 'lost', reason: 'never-submitted' });
  }
}
