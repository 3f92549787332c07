/** A message taken out of the receive buffer, to be dispatched later. */
import { FdQueue } from '../wire/fd-queue.ts';
import { argumentLetters } from '../wire/interface-description.ts';
import type { Reader } from '../wire/reader.ts';
import type { ClientObjects } from './client-objects.ts';
import type { Proxy } from './proxy.ts';

export interface QueuedEvent {
  readonly proxy: Proxy;
  /** The whole message, header included. */
  readonly bytes: Uint8Array;
  /** Those of this message alone. */
  readonly fds: FdQueue;
}

/**
 * The message of words `at` to `end`, which is `proxy`'s and of an event that it has. The objects it makes must be known before later
 * events name them: they are made now. Throws a WireFormatError when its descriptors have not come.
 */
export function takeEvent(
  proxy: Proxy,
  reader: Reader,
  at: number,
  end: number,
  objects: ClientObjects,
): QueuedEvent {
  const opcode = reader.words[at + 1]! & 0xffff;
  const letters = argumentLetters(proxy.description.events[opcode]?.signature ?? '');
  const fds = new FdQueue();
  const fdCount = letters.split('h').length - 1;
  reader.needFds(fdCount);
  // Only in messages of fixed size without descriptors, as all of these are.
  if (letters.includes('n') && !/[^iufon]/.test(letters)) {
    dispatchToNobody(proxy, opcode, reader, at, end);
    for (let index = 0; index < letters.length; index++)
      if (letters[index] === 'n') objects.markPrepared(reader.words[at + 2 + index]! >>> 0);
  }
  reader.fds.moveTo(fds, fdCount);
  return { proxy, bytes: reader.bytes.slice(at * 4, end * 4), fds };
}

/** It makes the new objects. */
function dispatchToNobody(
  proxy: Proxy,
  opcode: number,
  reader: Reader,
  at: number,
  end: number,
): void {
  const { handler } = proxy;
  proxy.handler = null;
  try {
    proxy.dispatch(proxy, opcode, reader, at + 2, end);
  } finally {
    proxy.handler = handler;
  }
}
