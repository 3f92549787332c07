/** Makes up requests from interface descriptions: mostly valid ones. */
import {
  argumentLetters,
  sinceOf,
  type MessageDescription,
} from '../../protocols/wire/interface-description.ts';
import type { Random } from '../random.ts';
import type { FdKind, FuzzArgument, FuzzMessage } from './input.ts';
import { DISPLAY_ID, REGISTRY_ID, type ModelObject, type SessionModel } from './session-model.ts';
import { someBytes, someFd, someText, someWord } from './values.ts';

/** How often an argument is right, where right is known; of a session nearly every request has to be, or it ends early. */
const VALID = 0.985;
const TRIES = 6;
const RARITY_DRAWS = 3;

/** wl_display.get_registry, always the first request. */
export function getRegistry(model: SessionModel): FuzzMessage {
  return message(DISPLAY_ID, 1, [model.create('wl_registry', 1)]);
}

/** wl_registry.bind of a global, at a version it has. Returns the request and the id of the new object. */
export function bindGlobal(
  model: SessionModel,
  registry: number,
  interfaceName: string,
  version: number,
): { request: FuzzMessage; id: number } {
  const id = model.create(interfaceName, version);
  const args = [{ global: interfaceName }, { text: interfaceName }, version, id];
  return { request: message(registry, 0, args), id };
}

/** A request by name, all arguments given: `null` stands for a new object. Returns the id of that object, or 0. */
export function namedRequest(
  model: SessionModel,
  object: number,
  name: string,
  args: readonly (FuzzArgument | null)[] = [],
  fds: readonly FdKind[] = [],
): { request: FuzzMessage; id: number } | undefined {
  const target = model.get(object);
  const opcode = target?.description.requests.findIndex((entry) => entry.name === name) ?? -1;
  const description = target?.description.requests[opcode];
  if (target === undefined || description === undefined) return undefined;
  if (sinceOf(description) > target.version) return undefined;
  const created = description.types[argumentLetters(description.signature).indexOf('n')];
  const id = created === undefined || created === null ? 0 : model.create(created, target.version);
  if (description.destructor) model.destroy(object);
  return {
    request: message(
      object,
      opcode,
      args.map((arg) => arg ?? id),
      fds,
    ),
    id,
  };
}

/** How often each request and each bind was made up in this run: what is rare is preferred. */
export class Rarity {
  readonly #counts = new Map<string, number>();

  /** The rarest of a few drawn at random. */
  pick<T>(random: Random, items: readonly T[], name: (item: T) => string): T {
    let best = random.pick(items);
    for (let draw = 0; draw < RARITY_DRAWS; draw++) {
      const other = random.pick(items);
      if (this.#count(name(other)) < this.#count(name(best))) best = other;
    }
    this.#counts.set(name(best), this.#count(name(best)) + 1);
    return best;
  }

  #count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }
}

/** Any request of a random object: with `polite` a valid one, as far as descriptions tell. */
export function someRequest(
  model: SessionModel,
  random: Random,
  rarity: Rarity,
  polite: boolean,
): FuzzMessage {
  const draw: Draw = { model, random, rarity, sound: () => polite || random.chance(VALID) };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const request = tryRequest(draw);
    if (request !== undefined) return request;
  }
  return someBind(draw, REGISTRY_ID);
}

/** What all choices are made with. */
interface Draw {
  readonly model: SessionModel;
  readonly random: Random;
  readonly rarity: Rarity;
  /** Whether the next choice is to be a right one. */
  readonly sound: () => boolean;
}

/** Undefined when the object drawn has nothing that makes sense now. */
function tryRequest(draw: Draw): FuzzMessage | undefined {
  const { model, random, sound } = draw;
  const object = model.pick(random);
  if (object.description.name === 'wl_registry') return someBind(draw, object.id);
  const { requests } = object.description;
  if (!sound()) {
    const request = requests[random.between(0, requests.length)];
    if (request === undefined) return message(object.id, requests.length, []);
    return fill(draw, object, request);
  }
  const possible = requests.filter(
    (request) => sinceOf(request) <= object.version && objectsExist(model, request),
  );
  if (possible.length === 0) return undefined;
  const name = (entry: MessageDescription): string => `${object.description.name}.${entry.name}`;
  const request = draw.rarity.pick(random, possible, name);
  // Destructors are a third of all requests; a session of nothing else would be short.
  if (request.destructor && random.chance(0.6)) return undefined;
  return fill(draw, object, request);
}

/** Whether there is an object for each argument that needs one. */
function objectsExist(model: SessionModel, { signature, types }: MessageDescription): boolean {
  return argumentParts(signature).every((part, index) => {
    const type = types[index];
    return part !== 'o' || !type || model.of(type).length > 0;
  });
}

/** One entry an argument: `u`, `?o`. */
function argumentParts(signature: string): string[] {
  return signature.replace(/^\d+/, '').match(/\??[a-z]/g) ?? [];
}

function someBind({ model, random, rarity, sound }: Draw, registry: number): FuzzMessage {
  const global = rarity.pick(random, model.globals, (entry) => entry.interface);
  const version = random.chance(0.7) ? global.version : random.between(1, global.version);
  if (sound()) return bindGlobal(model, registry, global.interface, version).request;
  return message(registry, 0, [
    random.chance(0.5) ? { global: global.interface } : someWord(random),
    { text: random.chance(0.5) ? global.interface : someText(random) },
    random.chance(0.5) ? version : someWord(random),
    random.chance(0.5) ? model.nextId : someWord(random),
  ]);
}

function fill(draw: Draw, object: ModelObject, request: MessageDescription): FuzzMessage {
  const { model, random, sound } = draw;
  const args: FuzzArgument[] = [];
  const fds: FdKind[] = [];
  for (const [index, part] of argumentParts(request.signature).entries()) {
    if (part === 'h') fds.push(someFd(random));
    else args.push(someArgument(draw, object, part, request.types[index] ?? null));
  }
  if (!sound()) fds.push(someFd(random));
  if (!sound()) fds.pop();
  if (request.destructor && sound()) model.destroy(object.id);
  return message(object.id, object.description.requests.indexOf(request), args, fds);
}

function someArgument(
  draw: Draw,
  object: ModelObject,
  part: string,
  type: string | null,
): FuzzArgument {
  const { model, random, sound } = draw;
  const nullable = part.startsWith('?');
  switch (part.at(-1) ?? '') {
    case 's':
      if (nullable ? random.chance(0.2) : !sound()) return 0;
      return { text: someText(random) };
    case 'a':
      return { bytes: someBytes(random, 64) };
    case 'f':
      return random.chance(0.7) ? random.between(0, 64) * 256 : someWord(random);
    case 'o':
      if (nullable ? random.chance(0.2) : !sound()) return 0;
      return someObject(draw, type, nullable);
    case 'n':
      return sound() ? model.create(type ?? '', object.version) : someWord(random);
    default:
      return someWord(random);
  }
}

function someObject(
  { model, random, sound }: Draw,
  type: string | null,
  nullable: boolean,
): number {
  const fitting = type === null ? model.objects : model.of(type);
  if (sound()) {
    if (fitting.length > 0) return random.pick(fitting).id;
    if (nullable) return 0;
  }
  return random.chance(0.5) ? model.pick(random).id : someWord(random);
}

function message(
  id: number,
  opcode: number,
  args: readonly FuzzArgument[],
  fds: readonly FdKind[] = [],
): FuzzMessage {
  return { type: 'message', id, opcode, args, fds };
}
