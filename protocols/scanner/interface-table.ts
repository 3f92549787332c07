/** Which protocol defines an interface, for references from one file to another. */
import type { Interface, Protocol } from './model.ts';

/** What other protocols need to know of an interface. */
export interface KnownInterface {
  readonly name: string;
  readonly version: number;
  /** The `name=` of the protocol that defines it. */
  readonly protocol: string;
  /** Enum name → whether it is a bitfield. */
  readonly enums: ReadonlyMap<string, boolean>;
}

/**
 * Finds interfaces by name. Some are defined twice (`zwp_tablet_v2` in tablet_v2 and tablet_unstable_v2): the referring
 * protocol's own definition wins, then the one added first. Add stable protocols before unstable ones.
 */
export class InterfaceTable {
  readonly #byName = new Map<string, KnownInterface[]>();

  addProtocol(protocol: Protocol): void {
    for (const iface of protocol.interfaces) this.add(known(protocol.name, iface));
  }

  add(entry: KnownInterface): void {
    const entries = this.#byName.get(entry.name);
    if (entries === undefined) this.#byName.set(entry.name, [entry]);
    else if (!entries.some((other) => other.protocol === entry.protocol)) entries.push(entry);
  }

  /** The interface `name` as the protocol `from` means it; undefined when nobody defines it. */
  find(name: string, from: string): KnownInterface | undefined {
    const entries = this.#byName.get(name) ?? [];
    return entries.find((entry) => entry.protocol === from) ?? entries[0];
  }
}

function known(protocol: string, { name, version, enums }: Interface): KnownInterface {
  return { name, version, protocol, enums: new Map(enums.map((e) => [e.name, e.bitfield])) };
}
