/** What all objects of an interface and version share. */
import { sinceOf } from '../wire/interface-description.ts';
import type { InterfaceDescription } from '../wire/interface-description.ts';
import type { ServerInterface } from './resource.ts';

/** By interface, then by version. */
const kinds = new Map<object, unknown[]>();

/**
 * Generated interfaces differ in shape by their events, so that reading from them would cost every object a slow lookup for each field;
 * kinds are all alike, and an object has one field for all of this.
 */
export class Kind<R> {
  declare readonly type: ServerInterface<R>;
  declare readonly dispatch: ServerInterface<R>['dispatch'];
  declare readonly description: InterfaceDescription;
  declare readonly version: number;
  /** Requests with an opcode below this exist in this version; others have to be looked at one by one. */
  declare readonly openRequests: number;
  /** The two that its requests have created objects of last, at first itself; hardly any has more. */
  #lastChild: Kind<unknown> = this;
  #otherChild: Kind<unknown> = this;

  /** Used by {@link kindOf} alone: there is one of each. */
  constructor(type: ServerInterface<R>, version: number) {
    const { requests } = type.description;
    const first = requests.findIndex((request) => sinceOf(request) > version);
    this.type = type;
    this.dispatch = type.dispatch;
    this.description = type.description;
    this.version = version;
    this.openRequests = first < 0 ? requests.length : first;
  }

  /** What a request to such an object creates: of the same version. */
  childOf<C>(type: ServerInterface<C>): Kind<C> {
    // Of this very type, so of its handler.
    if (this.#lastChild.type === type) return this.#lastChild as Kind<C>;
    if (this.#otherChild.type === type) return this.#otherChild as Kind<C>;
    const child = kindOf(type, this.version);
    this.#otherChild = this.#lastChild;
    this.#lastChild = child;
    return child;
  }
}

/** The one kind of this interface and version. */
export function kindOf<R>(type: ServerInterface<R>, version: number): Kind<R> {
  const versions = kinds.get(type) ?? [];
  // The key's own R.
  const known = versions[version] as Kind<R> | undefined;
  if (known !== undefined) return known;
  const kind = new Kind(type, version);
  kinds.set(type, versions);
  while (versions.length <= version) versions.push(undefined);
  versions[version] = kind;
  return kind;
}
