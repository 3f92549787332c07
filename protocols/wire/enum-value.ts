/** From the plain number a peer sent to a generated enum type. */

const known = new WeakMap<object, ReadonlySet<number>>();

/**
 * Whether `value` is one of a generated enum's: `isValueOf(WlOutputTransform, transform)`. Peers may send anything, so handlers
 * get numbers; after this check it is safe to treat one as the enum. Of no use for bitfields.
 */
export function isValueOf<T extends number>(
  values: Readonly<Record<string, T>>,
  value: number,
): value is T {
  let set = known.get(values);
  if (set === undefined) {
    // An int argument carries 0xffffffff as -1, so both forms count.
    set = new Set(Object.values(values).flatMap((entry) => [entry, entry | 0, entry >>> 0]));
    known.set(values, set);
  }
  return set.has(value);
}
