/** How a fleet of machines, or one machine in several sittings, shares a list of things to play. */

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

/** Every `of`-th item, so that what is slow and stands together is shared too. */
export function shardOf<T>(items: readonly T[], { index, of }: Shard): T[] {
  return items.filter((_, position) => position % of === index - 1);
}

/** "2/5" → {index: 2, of: 5}. Throws a RangeError otherwise. */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || index > of) throw new RangeError(`not a shard: "${text}", want i/n`);
  return { index, of };
}
