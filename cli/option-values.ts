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
export function positive(most: number = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && Number.isFinite(value) && value <= most) return value;
    const limit = most === Infinity ? '' : `, at most ${most}`;
    throw new InvalidArgumentError(`Expected a number above 0${limit}.`);
  };
}

/** A number that is not negative. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number from 0 on.');
}

/** Names with commas between them, each checked: what `check` throws is the user's mistake. */
export function names(check: (name: string) => unknown): (text: string) => string[] {
  return listOf((name) => {
    check(name);
    return name;
  });
}

/** What names with commas between them stand for: what `find` throws is the user's mistake. */
export function listOf<T>(find: (name: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map((name) => usage(() => find(name.trim())));
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
