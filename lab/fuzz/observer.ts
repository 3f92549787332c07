/** Follows one session from the client's side: which object is which, and what each request came to. */
import { argumentLetters } from '../../protocols/wire/interface-description.ts';
import type { FuzzStep } from './input.ts';
import type { RawEvent } from './raw-client.ts';
import { DISPLAY_ID, REGISTRY_ID, SessionModel, type Descriptions } from './session-model.ts';

/** wl_display.error, as names where the object is known. */
export interface SessionError {
  readonly object: string;
  readonly code: number;
  readonly message: string;
}

/** Collects what a session reached: (interface, request, outcome), and events received. */
export class Observer {
  readonly reached: Set<string> = new Set();
  error: SessionError | undefined;
  readonly #model: SessionModel;
  readonly #descriptions: Descriptions;

  constructor(descriptions: Descriptions) {
    this.#descriptions = descriptions;
    this.#model = new SessionModel(descriptions, []);
  }

  /** What a step asks for: `wl_surface.attach`. */
  describe(step: FuzzStep): string {
    if (step.type === 'bytes') return 'bytes';
    if (step.type === 'action') return step.action;
    const object = this.#model.get(step.id);
    if (object === undefined) return `no object, opcode ${Math.min(step.opcode, 30)}`;
    const request = object.description.requests[step.opcode];
    return `${object.description.name}.${request?.name ?? 'no such request'}`;
  }

  /** A step was sent: objects it makes are known from now on. */
  sent(step: FuzzStep): void {
    if (step.type !== 'message') return;
    const object = this.#model.get(step.id);
    const request = object?.description.requests[step.opcode];
    if (object === undefined || request === undefined) return;
    if (object.description.name === 'wl_registry') {
      this.#bound(step.args);
      return;
    }
    let at = 0;
    Array.from(argumentLetters(request.signature)).forEach((letter, index) => {
      if (letter === 'h') return;
      const arg = step.args[at++];
      const type = request.types[index];
      if (letter === 'n' && type && typeof arg === 'number') this.#learn(arg, type, object.version);
    });
  }

  /** Events that came. */
  received(events: readonly RawEvent[]): void {
    for (const event of events) this.#event(event);
  }

  #event({ id, opcode, body }: RawEvent): void {
    if (id === DISPLAY_ID && opcode === 0) {
      const object = this.#model.get(body.readUInt32LE(0));
      const length = body.readUInt32LE(8);
      this.error ??= {
        object: object?.description.name ?? 'unknown',
        code: body.readUInt32LE(4),
        message: body.toString('utf8', 12, 12 + Math.max(0, length - 1)),
      };
      return;
    }
    if (id === DISPLAY_ID && opcode === 1) {
      this.#model.destroy(body.readUInt32LE(0));
      return;
    }
    const object = this.#model.get(id);
    const event = object?.description.events[opcode];
    if (object === undefined || event === undefined) return;
    this.reached.add(`event ${object.description.name}.${event.name}`);
    // A new object comes first in every event that has one.
    const created = event.types[0];
    if (argumentLetters(event.signature).startsWith('n') && created && body.length >= 4) {
      this.#learn(body.readUInt32LE(0), created, object.version);
    }
  }

  #bound(args: Extract<FuzzStep, { type: 'message' }>['args']): void {
    const [, name, version, id] = args;
    if (typeof name !== 'object' || !('text' in name)) return;
    if (typeof version === 'number' && typeof id === 'number') this.#learn(id, name.text, version);
  }

  #learn(id: number, name: string, version: number): void {
    if (id === 0 || (id === REGISTRY_ID && name !== 'wl_registry')) return;
    if (this.#descriptions.has(name)) this.#model.adopt(id >>> 0, name, version);
  }
}
