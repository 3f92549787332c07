/** The place in the guide where the peers' results stand. They are written by this program alone. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../kernel/project.ts';
import { PEERS } from './peers.ts';
import { readResults } from './results.ts';
import { peersMarkdown } from './table.ts';

const BEGIN = '<!-- peers: written by `npx syncline conform --peers` -->';
const END = '<!-- end of peers -->';

export const DOCUMENT: string = join(projectRoot, 'docs', 'testing-a-compositor.md');

/** The guide with the results that are kept now. Throws an Error when its marks are gone. */
export function documentWithResults(): string {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no place for the peers’ results`);
  const kept = PEERS.flatMap(({ name }) => readResults(name) ?? []);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${peersMarkdown(kept)}\n\n${text.slice(end)}`;
}

export function writeDocument(): void {
  writeFileSync(DOCUMENT, documentWithResults());
}
