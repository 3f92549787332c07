/** Handlers for every interface there is: they take what comes and answer with events of their own choosing. */
import type { OwnedFd } from '../../native/fd.ts';
import { camelCase } from '../../protocols/scanner/names.ts';
import type { Resource } from '../../protocols/server/resource.ts';
import {
  argumentLetters,
  sinceOf,
  type InterfaceDescription,
  type MessageDescription,
} from '../../protocols/wire/interface-description.ts';
import { sendFunction, type AnyServerInterface } from './interfaces.ts';

type Handler = Record<string, (resource: Resource, ...args: unknown[]) => void>;

export class EchoHandlers {
  readonly #types: ReadonlyMap<string, AnyServerInterface>;
  readonly #lentFd: number;
  /** By description: two protocols may have an interface of one name (xdg_surface). */
  readonly #handlers = new Map<InterfaceDescription, Handler>();
  #turn = 0;

  /** `lentFd`: what events with a descriptor carry; borrowed. */
  constructor(types: ReadonlyMap<string, AnyServerInterface>, lentFd: number) {
    this.#types = types;
    this.#lentFd = lentFd;
  }

  /** Gives the resource its handler. */
  adopt(resource: Resource): void {
    const { description } = resource;
    let handler = this.#handlers.get(description);
    if (handler === undefined) {
      handler = this.#make(description);
      this.#handlers.set(description, handler);
    }
    resource.handler = handler;
  }

  #make(description: InterfaceDescription): Handler {
    return Object.fromEntries(
      description.requests.map((request) => [
        camelCase(request.name),
        (resource, ...args) => this.#handle(resource, request, args),
      ]),
    );
  }

  #handle(resource: Resource, request: MessageDescription, args: readonly unknown[]): void {
    // The letters of an untyped new_id are three arguments, as here.
    Array.from(argumentLetters(request.signature)).forEach((letter, index) => {
      if (letter === 'h') (args[index] as OwnedFd).close();
      if (letter === 'n' && request.types[index]) this.adopt(args[index] as Resource);
    });
    if (!request.destructor) this.#answer(resource);
  }

  /** One event, another each time. Not to the client's every request: floods are the client's part. */
  #answer(resource: Resource): void {
    const { events } = resource.description;
    const event = events[this.#turn++ % (2 * events.length || 1)];
    const type = this.#types.get(resource.description.name);
    if (event === undefined || type?.description !== resource.description) return;
    if (sinceOf(event) > resource.version) return;
    const args = this.#arguments(resource, event);
    if (args === undefined) return;
    const created = sendFunction(type, event.name)(resource, ...args);
    if (created !== undefined) this.adopt(created as Resource);
  }

  /** Undefined when an object is needed and there is none. */
  #arguments(resource: Resource, event: MessageDescription): unknown[] | undefined {
    const args: unknown[] = [];
    const parts = event.signature.replace(/^\d+/, '').match(/\??[a-z]/g) ?? [];
    for (const [index, part] of parts.entries()) {
      const letter = part.at(-1);
      if (letter === 'n') continue;
      const value = letter === 'o' ? this.#object(resource, event.types[index] ?? null) : undefined;
      if (value === undefined && part === 'o') return undefined;
      args.push(letter === 'o' ? (value ?? null) : this.#value(part));
    }
    return args;
  }

  #value(part: string): unknown {
    switch (part) {
      case '?s':
        return this.#turn % 2 === 0 ? null : 'nullable';
      case 's':
        return 'echo ✓';
      case 'a':
      case '?a':
        return Uint8Array.of(1, 2, 3, 4, 5);
      case 'f':
        return -1.5;
      case 'h':
        return this.#lentFd;
      default:
        return this.#turn;
    }
  }

  #object(resource: Resource, type: string | null): Resource | undefined {
    for (const other of resource.client.resources()) {
      if (type === null || other.description.name === type) return other;
    }
    return undefined;
  }
}
