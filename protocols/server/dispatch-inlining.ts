/** How much of what a request calls V8 compiles into one piece with the generated function that reads it. */
import { setFlagsFromString } from 'node:v8';

/** V8's own (src/flags/flag-definitions.h: max_inlined_bytecode_size_cumulative), and nearly three times as much. */
const DEFAULT_BYTES = 920;
const SERVER_BYTES = 2500;

/**
 * For a program that is a server and little else: V8 inlines more, in everything that is compiled from now on in this process. What a
 * request with a new object calls, down to the object itself, is just more than it would take otherwise. Joined into one file by a bundler
 * such a program takes about a tenth less for the same: of what a module imports V8 looks at each use whether it is there yet.
 */
export function inlineDispatch(): void {
  setInlining(SERVER_BYTES);
}

/** As node starts. V8 takes no cached code that was made under other flags. */
export function undoInlineDispatch(): void {
  setInlining(DEFAULT_BYTES);
}

function setInlining(bytes: number): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${bytes}`);
}
