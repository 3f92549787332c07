/** What a client believes to exist: which object an id is, so that valid requests can be made up. */
import type { InterfaceDescription } from '../../protocols/wire/interface-description.ts';
import type { Random } from '../random.ts';

/** Descriptions by interface name. */
export type Descriptions = ReadonlyMap<string, InterfaceDescription>;

/** A global to bind. */
export interface FuzzGlobal {
  readonly interface: string;
  readonly version: number;
}

export interface ModelObject {
  readonly id: number;
  readonly version: number;
  readonly description: InterfaceDescription;
}

export const DISPLAY_ID = 1;
export const REGISTRY_ID = 2;
const SERVER_ID_START = 0xff00_0000;

/** Ids only grow: the server may refuse to see one again, and never refuses the next one. */
export class SessionModel {
  readonly globals: readonly FuzzGlobal[];
  readonly #descriptions: Descriptions;
  readonly #objects = new Map<number, ModelObject>();
  #nextId = DISPLAY_ID;

  constructor(descriptions: Descriptions, globals: readonly FuzzGlobal[]) {
    this.#descriptions = descriptions;
    this.globals = globals;
    this.create('wl_display', 1);
  }

  get nextId(): number {
    return this.#nextId;
  }

  get objects(): readonly ModelObject[] {
    return [...this.#objects.values()];
  }

  get(id: number): ModelObject | undefined {
    return this.#objects.get(id);
  }

  /** All live objects of an interface. */
  of(name: string): readonly ModelObject[] {
    return this.objects.filter(({ description }) => description.name === name);
  }

  /** Takes the next id for a new object. An unknown interface still uses up the id. */
  create(name: string, version: number): number {
    const id = this.#nextId++;
    this.adopt(id, name, version);
    return id;
  }

  /** An object whose id somebody else chose. */
  adopt(id: number, name: string, version: number): void {
    const description = this.#descriptions.get(name);
    if (description !== undefined) this.#objects.set(id, { id, version, description });
    if (id < SERVER_ID_START && id >= this.#nextId) this.#nextId = id + 1;
  }

  destroy(id: number): void {
    this.#objects.delete(id);
  }

  /** A live object: mostly a recent one, since those are where the interesting requests go. */
  pick(random: Random): ModelObject {
    const objects = this.objects;
    const recent = objects.slice(-8);
    return random.pick(random.chance(0.4) ? recent : objects);
  }
}
