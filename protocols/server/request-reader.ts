/** The requests of the client that is being served, one after another. */
import { receiveBufferBytes } from '../wire/connection.ts';
import { WireFormatError } from '../wire/errors.ts';
import type { WireLimits } from '../wire/limits.ts';
import { HEADER_BYTES } from '../wire/limits.ts';
import type { WireLog } from '../wire/log.ts';
import { Reader } from '../wire/reader.ts';
import type { Trace } from '../wire/trace.ts';
import type { Client } from './client.ts';
import type { Kind } from './kind.ts';
import { checkMethod, invalidObject, reportRequestError } from './request-errors.ts';
import type { Resource } from './resource.ts';

const NOBODYS: readonly (Resource | null)[] = [];

/**
 * Goes through a received buffer. Each request is looked at twice at most: here, where everything that can be wrong with its header is
 * told, and in {@link next}, which is asked by the dispatch of the request before, knows the usual case only, and leaves the rest to
 * here. Many requests in a row are for objects of one kind: they cost a jump within one function each, not a call of an unknown one.
 */
export class RequestReader extends Reader {
  /** The request at hand: its arguments are the words `[at, end)`. */
  opcode = 0;
  at = 0;
  end = 0;
  readonly #maxBytes: number = 0;
  readonly #maxMessages: number = 0;
  readonly #trace: Trace | null;
  readonly #log: WireLog;
  #client: Client | null = null;
  /** The objects of the client. */
  #objects = NOBODYS;
  /** Where what was received ends, in words; and the same for {@link next}, or 0. */
  #received = 0;
  #open = 0;
  /** Messages that may still be dispatched in this turn; below 0 when there are more. */
  #budget = 0;

  constructor(limits: WireLimits, trace: Trace | null, log: WireLog) {
    super(new ArrayBuffer(receiveBufferBytes(limits)));
    this.#maxBytes = limits.maxMessageBytes;
    this.#maxMessages = limits.maxMessagesPerTurn;
    this.#trace = trace;
    this.#log = log;
  }

  /** Whether dispatching ended because the client had its share of the turn. */
  get budgetSpent(): boolean {
    return this.#budget < 0;
  }

  /**
   * Dispatches the complete messages of the `usedBytes` received until there is none, or the client is paused or doomed.
   * Returns the bytes dispatched.
   */
  dispatchAll(client: Client, usedBytes: number): number {
    this.fds = client.connection.fds;
    this.#client = client;
    this.#objects = client.objects.clientSide;
    this.#received = usedBytes >>> 2;
    this.#budget = this.#maxMessages;
    this.end = 0;
    for (;;) {
      try {
        this.#dispatch(client);
        break;
      } catch (error) {
        const header = this.words[this.at - 1] ?? 0;
        const id = this.words[this.at - 2]! >>> 0;
        this.end = this.at - 2 + (header >>> 18);
        reportRequestError(client, error, id, header & 0xffff, this.#log);
        // Goes on when the error was another client's.
        if (!client.running) break;
      }
    }
    this.#open = 0;
    this.#client = null;
    this.#objects = NOBODYS;
    return 4 * this.end;
  }

  /** The request at hand takes as long as so many more, if it is this client's: else it was something else that took long. */
  charge(client: Client, requests: number): void {
    // What is over begins with the next turn.
    if (client === this.#client) this.#budget = Math.max(0, this.#budget - Math.trunc(requests));
  }

  /** The client that is being served has stopped: paused, doomed. */
  stop(): void {
    this.#open = 0;
  }

  /**
   * The object of the next request, which is then the one at hand, when it is of this kind and nothing about the request is unusual;
   * else null.
   */
  next<R>(kind: Kind<R>): Resource<R> | null {
    const { words, end: from } = this;
    if (from + 2 > this.#open) return null;
    const id = words[from]! >>> 0;
    const objects = this.#objects;
    if (id >= objects.length) return null;
    const resource = objects[id];
    if (resource === null || resource === undefined || resource.kind !== kind) return null;
    const header = words[from + 1]!;
    const sizeBytes = header >>> 16;
    const opcode = header & 0xffff;
    const end = from + (sizeBytes >>> 2);
    if (
      opcode >= kind.openRequests ||
      sizeBytes < HEADER_BYTES ||
      (sizeBytes & 3) !== 0 ||
      sizeBytes > this.#maxBytes ||
      end > this.#open ||
      this.#budget <= 0
    )
      return null;
    this.#budget--;
    this.opcode = opcode;
    this.at = from + 2;
    this.end = end;
    // The kind is the interface's.
    return resource as Resource<R>;
  }

  #dispatch(client: Client): void {
    const { words } = this;
    const { objects } = client;
    while (client.running && this.end + 2 <= this.#received) {
      const from = this.end;
      const id = words[from]! >>> 0;
      const header = words[from + 1]!;
      const sizeBytes = header >>> 16;
      const opcode = header & 0xffff;
      this.at = from + 2;
      if (sizeBytes < HEADER_BYTES || (sizeBytes & 3) !== 0 || sizeBytes > this.#maxBytes)
        throw new WireFormatError(`message of ${sizeBytes} bytes`);
      const end = from + (sizeBytes >>> 2);
      if (end > this.#received || --this.#budget < 0) break;
      const resource = objects.addressee(id, opcode);
      if (resource === undefined) throw invalidObject(client, id);
      const { kind } = resource;
      if (opcode >= kind.openRequests) checkMethod(resource, opcode);
      if (this.#trace !== null) this.#tell(client, resource, from);
      this.opcode = opcode;
      this.end = end;
      this.#open = this.#trace === null ? this.#received : 0;
      kind.dispatch(resource, this);
    }
  }

  #tell(client: Client, resource: Resource, from: number): void {
    this.#trace?.received(
      this,
      resource.description,
      from,
      client.connection.fds,
      (id) => client.describe(id),
      !resource.alive,
    );
  }
}
