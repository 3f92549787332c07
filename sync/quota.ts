/** One resource of one owner, and of all owners together: what is taken of it and given back. */
import type { Account, BudgetLimit, BudgetResource, BudgetScope } from './budget.ts';
import { BudgetExceededError, SyncDisposedError } from './errors.ts';

/** Relief comes at this part of the soft limit, so that a client does not flap at the edge. */
const RELIEF_RATIO = 0.75;

/** Of all owners. */
export class TotalQuota {
  readonly hard: number;
  count = 0;

  constructor(hard: number) {
    this.hard = hard;
  }
}

/** An object each, not entries of a table: several are asked with each commit. */
export class Quota {
  readonly #account: Account;
  readonly #resource: BudgetResource;
  readonly #limit: BudgetLimit;
  readonly #total: TotalQuota;
  #count = 0;
  #exceeded = false;

  constructor(account: Account, resource: BudgetResource, limit: BudgetLimit, total: TotalQuota) {
    this.#account = account;
    this.#resource = resource;
    this.#limit = limit;
    this.#total = total;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether one more would be granted. */
  get hasRoom(): boolean {
    return this.#refusal === undefined;
  }

  /** Takes one. BudgetExceededError, SyncDisposedError: nothing was taken. */
  take(): void {
    const account = this.#account;
    if (account.closed) throw new SyncDisposedError(`owner ${account.name}`);
    const scope = this.#refusal;
    if (scope !== undefined) {
      const { hard } = scope === 'owner' ? this.#limit : this.#total;
      throw new BudgetExceededError(account.name, this.#resource, scope, hard);
    }
    this.#total.count++;
    this.#count++;
    if (this.#count > this.#limit.soft && !this.#exceeded) {
      this.#exceeded = true;
      this.#tell('exceeded');
    }
  }

  give(): void {
    if (this.#account.closed) return;
    this.#total.count--;
    this.#count--;
    if (this.#exceeded && this.#count <= this.#limit.soft * RELIEF_RATIO) {
      this.#exceeded = false;
      this.#tell('relieved');
    }
  }

  /** Gives back all, and tells nobody. */
  clear(): void {
    this.#total.count -= this.#count;
    this.#count = 0;
  }

  #tell(state: 'exceeded' | 'relieved'): void {
    const { soft } = this.#limit;
    this.#account.tell({ resource: this.#resource, state, count: this.#count, limit: soft });
  }

  /** Which limit forbids one more. A crowd cannot starve an owner below its fair share of the total. */
  get #refusal(): BudgetScope | undefined {
    if (this.#count >= this.#limit.hard) return 'owner';
    const { count, hard } = this.#total;
    if (count < hard) return undefined;
    return this.#count >= hard / this.#account.owners ? 'total' : undefined;
  }
}
