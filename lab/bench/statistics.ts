/** The little arithmetic of comparing two sides over rounds. */

/** The middle value; the mean of the two middle ones for an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((first, second) => first - second);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One round of both sides. */
export interface Pair<T> {
  readonly ours: T;
  readonly theirs: T;
}

/** Median over rounds of theirs / ours: both sides of a round met the same noise. */
export function medianRatio<T>(pairs: readonly Pair<T>[], figure: (side: T) => number): number {
  return median(pairs.map(({ ours, theirs }) => figure(theirs) / figure(ours)));
}

/** Runs the two sides `rounds` times, the other one first in every second round. */
export async function alternate<T>(
  rounds: number,
  ours: () => Promise<T>,
  theirs: () => Promise<T>,
): Promise<Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await ours();
      pairs.push({ ours: first, theirs: await theirs() });
    } else {
      const first = await theirs();
      pairs.push({ ours: await ours(), theirs: first });
    }
  }
  return pairs;
}

/** Runs every side `rounds` times, each round beginning with another one. One list a round, in the order of `sides`. */
export async function takeTurns<T>(
  rounds: number,
  sides: readonly (() => Promise<T>)[],
): Promise<T[][]> {
  const all: T[][] = [];
  for (let round = 0; round < rounds; round++) {
    const results: T[] = [];
    for (let turn = 0; turn < sides.length; turn++) {
      const index = (round + turn) % sides.length;
      const play = sides[index];
      if (play) results[index] = await play();
    }
    all.push(results);
  }
  return all;
}

/** Three significant digits, for numbers that are read by people and machines. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
