/** A promise that was broken. */

export const INVARIANTS = [
  'content-before-fence',
  'failed-content-shown',
  'good-content-dropped',
  'updates-out-of-order',
  'torn-tree',
  'wrong-pixels',
  'ready-update-held',
  'release-twice',
  'release-too-early',
  'release-lost',
  'undeserved-disconnect',
  'others-delayed',
  'left-behind',
  'internal-error',
] as const;

/** Which promise; the judge's and the stage's checks say what each asks for. */
export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
  /** Index of the step in which it was noticed; the number of steps when it was after the last. */
  readonly step: number;
}

/** Where whoever notices says so: throwing would disturb the compositor at its work. The run ends after the step. */
export class Violations {
  #first: { readonly invariant: Invariant; readonly detail: string } | undefined;

  get first(): { readonly invariant: Invariant; readonly detail: string } | undefined {
    return this.#first;
  }

  /** The first one counts: the others often follow from it. */
  add(invariant: Invariant, detail: string): void {
    this.#first ??= { invariant, detail };
  }
}
