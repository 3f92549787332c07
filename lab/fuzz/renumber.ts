/** Closes gaps in the ids of a session: a request that made an object was left out, and servers insist on the next id. */
import { argumentLetters } from '../../protocols/wire/interface-description.ts';
import type { FuzzArgument, FuzzInput, FuzzMessage, FuzzStep } from './input.ts';
import { DISPLAY_ID, SessionModel, type Descriptions } from './session-model.ts';

const SERVER_ID_START = 0xff00_0000;

/** The same session with the ids its requests give to new objects counted on from 2. Other ids and values stay as they are. */
export function renumberInput(input: FuzzInput, descriptions: Descriptions): FuzzInput {
  const renumber = new Renumber(descriptions);
  return { ...input, steps: input.steps.map((step) => renumber.step(step)) };
}

class Renumber {
  /** Under the old ids. */
  readonly #model: SessionModel;
  readonly #newIds = new Map<number, number>([[DISPLAY_ID, DISPLAY_ID]]);
  #nextId = DISPLAY_ID + 1;

  constructor(descriptions: Descriptions) {
    this.#model = new SessionModel(descriptions, []);
  }

  step(step: FuzzStep): FuzzStep {
    if (step.type !== 'message') return step;
    const object = this.#model.get(step.id);
    const request = object?.description.requests[step.opcode];
    const id = this.#newIds.get(step.id) ?? step.id;
    if (object === undefined || request === undefined) return { ...step, id };
    const args: FuzzArgument[] = [...step.args];
    let at = 0;
    for (const [index, letter] of Array.from(argumentLetters(request.signature)).entries()) {
      if (letter === 'h') continue;
      const arg = args[at];
      if (typeof arg === 'number' && letter === 'o') args[at] = this.#newIds.get(arg) ?? arg;
      if (typeof arg === 'number' && letter === 'n') {
        const type = request.types[index];
        args[at] = type ? this.#create(arg, type, object.version) : this.#bind(arg, step, at);
      }
      at++;
    }
    return { ...step, id, args };
  }

  /** An untyped new_id comes after the interface's name and the version. */
  #bind(oldId: number, { args }: FuzzMessage, at: number): number {
    const [type, version] = [args[at - 2], args[at - 1]];
    if (typeof type !== 'object' || !('text' in type) || typeof version !== 'number') return oldId;
    return this.#create(oldId, type.text, version);
  }

  #create(oldId: number, type: string, version: number): number {
    if (oldId === 0 || oldId >= SERVER_ID_START) return oldId;
    this.#model.adopt(oldId, type, version);
    const id = this.#nextId++;
    this.#newIds.set(oldId, id);
    return id;
  }
}
