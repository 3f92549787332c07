/** WAYLAND_DEBUG: one line a message on stderr, in the format of libwayland 1.21 (connection.c: wl_closure_print). */
import { argumentLetters } from './interface-description.ts';
import type { InterfaceDescription, MessageDescription } from './interface-description.ts';
import type { FdQueue } from './fd-queue.ts';
import type { Reader } from './reader.ts';
import type { Writer, WriterOwner } from './writer.ts';

/** Which end of the connection is traced: a server sends events, a client sends requests. */
export type TraceSide = 'server' | 'client';

/** How a {@link Trace} looks at the world. */
export interface TraceOptions {
  readonly side: TraceSide;
  readonly nowUs: () => number;
  /** Gets each line, newline included. Default: stderr. */
  readonly write?: (line: string) => void;
}

/** Whether WAYLAND_DEBUG asks for this side: it contains the side's name or a 1, as libwayland decides it. */
export function isTraced(side: TraceSide, env: NodeJS.ProcessEnv): boolean {
  const value = env['WAYLAND_DEBUG'] ?? '';
  return value.includes(side) || value.includes('1');
}

/** Looks up what an object is, for its name in the line. */
export type Describe = (id: number) => InterfaceDescription | undefined;

interface Arguments {
  readonly words: Int32Array;
  readonly text: Buffer;
  readonly at: number;
  readonly fd: (index: number, count: number) => number;
  readonly describe: Describe;
}

/** Prints messages. An outgoing one is printed when the next one begins or it is sent, since only then its arguments are there. */
export class Trace {
  readonly #options: TraceOptions;
  readonly #write: (line: string) => void;
  #pending:
    | {
        writer: Writer;
        owner: WriterOwner;
        at: number;
        nowUs: number;
        description: InterfaceDescription | undefined;
      }
    | undefined;

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#write = options.write ?? ((line) => void process.stderr.write(line));
  }

  /** A message is about to be written at word `at`; its header and arguments follow. */
  sending(writer: Writer, owner: WriterOwner, at: number, id: number): void {
    this.settle();
    this.#pending = {
      writer,
      owner,
      at,
      nowUs: this.#options.nowUs(),
      description: owner.describe(id),
    };
  }

  /** Prints the outgoing message that is complete by now. */
  settle(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const { writer, owner, at, description } = pending;
    const words = writer.words;
    const opcode = words[at + 1]! & 0xffff;
    const messages = this.#options.side === 'server' ? description?.events : description?.requests;
    this.#print(pending.nowUs, ' -> ', description, words[at]! >>> 0, messages?.[opcode], {
      words,
      text: Buffer.from(words.buffer),
      at: at + 2,
      fd: (index, count) => writer.queuedFdFromEnd(count - 1 - index),
      describe: (id) => owner.describe(id),
    });
  }

  /** A message has arrived and is about to be dispatched, or is thrown away because its object is gone. */
  received(
    reader: Reader,
    description: InterfaceDescription,
    headerAt: number,
    fds: FdQueue,
    describe: Describe,
    discarded: boolean,
  ): void {
    this.settle();
    const words = reader.words;
    const opcode = words[headerAt + 1]! & 0xffff;
    const messages = this.#options.side === 'server' ? description.requests : description.events;
    this.#print(
      this.#options.nowUs(),
      discarded ? 'discarded ' : '',
      description,
      words[headerAt]! >>> 0,
      messages[opcode],
      {
        words,
        text: Buffer.from(words.buffer),
        at: headerAt + 2,
        fd: (index) => fds.peek(index),
        describe,
      },
    );
  }

  #print(
    nowUs: number,
    prefix: string,
    description: InterfaceDescription | undefined,
    id: number,
    message: MessageDescription | undefined,
    args: Arguments,
  ): void {
    const time = Math.floor(nowUs) % 2 ** 32;
    const seconds = `${Math.floor(time / 1000)}`.padStart(7);
    const fraction = `${time % 1000}`.padStart(3, '0');
    const object = `${description?.name ?? '[unknown]'}@${id}`;
    const shown = message === undefined ? '?' : formatArguments(message, args).join(', ');
    this.#write(`[${seconds}.${fraction}] ${prefix}${object}.${message?.name ?? '?'}(${shown})\n`);
  }
}

function formatArguments(message: MessageDescription, args: Arguments): string[] {
  const letters = argumentLetters(message.signature);
  const fdCount = letters.split('h').length - 1;
  const shown: string[] = [];
  let at = args.at;
  let fdIndex = 0;
  for (let index = 0; index < letters.length; index++) {
    const letter = letters.charAt(index);
    if (letter === 'h') {
      shown.push(`fd ${args.fd(fdIndex++, fdCount)}`);
      continue;
    }
    const word = args.words[at++];
    if (word === undefined) return [...shown, '?'];
    shown.push(formatWord(letter, word, at, message.types[index] ?? null, args));
    if (letter === 's' || letter === 'a') at += Math.ceil((word >>> 0) / 4);
  }
  return shown;
}

/** `at`: the index after `word`, where the bytes of a string are. */
function formatWord(
  letter: string,
  word: number,
  at: number,
  type: string | null,
  args: Arguments,
): string {
  const id = word >>> 0;
  switch (letter) {
    case 'i':
      return `${word}`;
    case 'f':
      return formatFixed(word);
    case 's':
      return id === 0 ? 'nil' : `"${args.text.toString('utf8', at * 4, at * 4 + id - 1)}"`;
    case 'o':
      return id === 0 ? 'nil' : `${args.describe(id)?.name ?? type ?? '[unknown]'}@${id}`;
    case 'n':
      return `new id ${type ?? '[unknown]'}@${id === 0 ? 'nil' : id}`;
    case 'a':
      return `array[${id}]`;
    default:
      return `${id}`;
  }
}

/** Exact decimals: 390625 is 1e8 / 256. */
function formatFixed(word: number): string {
  const magnitude = Math.abs(word);
  const fraction = `${390_625 * (magnitude % 256)}`.padStart(8, '0');
  return `${word < 0 ? '-' : ''}${Math.floor(magnitude / 256)}.${fraction}`;
}
