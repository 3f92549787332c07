/** Inputs on disk: everything that ever failed, one file each, in a folder a target. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputFromText, inputToText, type FuzzInput } from './input.ts';

/** All inputs of a target, in the order of their names. Throws a SyntaxError for a file that is none. */
export function readCorpus(folder: string, target: string): FuzzInput[] {
  const own = join(folder, target);
  if (!existsSync(own)) return [];
  return readdirSync(own)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => inputFromText(readFileSync(join(own, name), 'utf8')));
}

/** Stores an input under a name that its content gives. Returns the path. */
export function storeInput(folder: string, target: string, kind: string, input: FuzzInput): string {
  const text = inputToText(input);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const own = join(folder, target);
  mkdirSync(own, { recursive: true });
  const path = join(own, `${kind}-${hash}.json`);
  writeFileSync(path, text);
  return path;
}
