/** What option values may be: for commander's parsers. Each throws an InvalidArgumentError that says what is wanted. */
import { InvalidArgumentError } from 'commander';

/** A whole number, both ends included. */
export function integer(least: number, most: number = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    throw new InvalidArgumentError(`Expected a whole number ${range(least, most)}.`);
  };
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** A number that is not negative. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number from 0 on.');
}

/** Names with commas between them, each checked: what `check` throws is the user's mistake. */
export function names(check: (name: string) => unknown): (text: string) => string[] {
  return (text) => {
    const list = text.split(',').map((name) => name.trim());
    for (const name of list) usage(() => check(name));
    return list;
  };
}

/** What it throws is the user's mistake. */
export function usage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function range(least: number, most: number): string {
  return most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
}
