/** Protocol XML with one thing changed: what a slip of the author's would look like. */
import { createRandom } from '../../../lab/random.ts';

/** The same seed and text give the same result. Comments and prose are left alone. */
export function mutateXml(text: string, seed: number): string {
  const random = createRandom(seed, 'mutate-xml');
  const tags = [...text.matchAll(/<(interface|request|event|enum|entry|arg)\b[^>]*>/g)];
  const tag = random.pick(tags);
  const changed = random.pick(CHANGES)(tag[0], random);
  return text.slice(0, tag.index) + changed + text.slice(tag.index + tag[0].length);
}

type Change = (tag: string, random: ReturnType<typeof createRandom>) => string;

const VALUES: Readonly<Record<string, readonly string[]>> = {
  name: ['destroy', 'a-b', '1st', '', 'wl_surface', 'interface'],
  type: [
    'int',
    'uint',
    'fixed',
    'string',
    'object',
    'new_id',
    'array',
    'fd',
    'destructor',
    'int64',
  ],
  since: ['0', '1', '2', '99', 'two', '-1'],
  version: ['0', '1', '9', 'one', ''],
  interface: ['wl_surface', 'wl_output', 'a b'],
  'allow-null': ['true', 'false', 'TRUE', '1'],
  enum: ['nope', 'error', 'wl_shm.format'],
  bitfield: ['true', 'false', 'yes'],
  value: ['0', '7', '0x7', 'seven', '-1', '1 << 3'],
};

const CHANGES: readonly Change[] = [
  // Another value for an attribute it has.
  (tag, random) => {
    const attributes = [...tag.matchAll(/([\w-]+)="[^"]*"/g)].filter(
      ([, key]) => VALUES[key ?? ''],
    );
    if (attributes.length === 0) return tag;
    const [whole, key = ''] = random.pick(attributes);
    return tag.replace(whole, `${key}="${random.pick(VALUES[key] ?? [''])}"`);
  },
  // One attribute more.
  (tag, random) => {
    const key = random.pick(Object.keys(VALUES));
    if (tag.includes(` ${key}=`)) return tag;
    return tag.replace(/(\/?)>$/, ` ${key}="${random.pick(VALUES[key] ?? [''])}"$1>`);
  },
  // One attribute less.
  (tag, random) => {
    const attributes = [...tag.matchAll(/\s[\w-]+="[^"]*"/g)];
    return attributes.length === 0 ? tag : tag.replace(random.pick(attributes)[0], '');
  },
  // Twice, or a broken tag.
  (tag) => (tag.endsWith('/>') ? tag + tag : tag),
  (tag) => tag.slice(0, -1),
];
