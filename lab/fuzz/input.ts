/** What the fuzzer feeds to a server: one client's session, as data that can be stored, mutated and played again. */

/** Descriptors a step may bring; each kind is made once a run and lent out. */
export const FD_KINDS = [
  'memfd',
  'empty-memfd',
  'pipe',
  'socket',
  'null-device',
  'eventfd',
  'directory',
  // Only some targets have these; elsewhere they are a memfd.
  'timeline',
  'dmabuf',
] as const;
export type FdKind = (typeof FD_KINDS)[number];

/** An argument as it goes to the wire: a word, a string, an array as hexadecimal bytes, or the name of the global of an interface. */
export type FuzzArgument =
  | number
  | { readonly text: string }
  | { readonly bytes: string }
  | { readonly global: string };

/** A request; `sizeBytes` puts another length into the header than it has. */
export interface FuzzMessage {
  readonly type: 'message';
  readonly id: number;
  readonly opcode: number;
  readonly args: readonly FuzzArgument[];
  readonly fds: readonly FdKind[];
  readonly sizeBytes?: number;
}

/** Anything, as hexadecimal. */
export interface FuzzBytes {
  readonly type: 'bytes';
  readonly bytes: string;
  readonly fds: readonly FdKind[];
}

/** Something that happens on the server's side meanwhile: one of the target's actions. */
export interface FuzzAction {
  readonly type: 'action';
  readonly action: string;
}

export type FuzzStep = FuzzMessage | FuzzBytes | FuzzAction;

/** How the session is played. */
export interface FuzzFlow {
  /** `step`: the server handles each step before the next; `batch`: all at once; `trickle`: a few bytes at a time. */
  readonly pace: 'step' | 'batch' | 'trickle';
  /** Whether the client reads its events. */
  readonly reads: boolean;
}

export interface FuzzInput {
  readonly flow: FuzzFlow;
  readonly steps: readonly FuzzStep[];
}

/** As stored in the corpus: readable, one step a line. */
export function inputToText({ flow, steps }: FuzzInput): string {
  const lines = steps.map((step) => `    ${JSON.stringify(step)}`);
  return `{\n  "flow": ${JSON.stringify(flow)},\n  "steps": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** Reads {@link inputToText}; throws a SyntaxError when it is not that. */
export function inputFromText(text: string): FuzzInput {
  const input = JSON.parse(text) as FuzzInput;
  if (!Array.isArray(input.steps) || typeof input.flow?.pace !== 'string') {
    throw new SyntaxError('not a fuzz input');
  }
  return input;
}
