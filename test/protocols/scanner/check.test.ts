/** Rules that go beyond the structure: each broken one is named with its place. */
import { expect, test } from 'vitest';
import { manifest } from '../../../protocols/generated/manifest.ts';
import { formatDiagnostic, ScanError } from '../../../protocols/scanner/diagnostic.ts';
import { scan } from '../../../protocols/scanner/scan.ts';
import type { XmlSource } from '../../../protocols/scanner/sources.ts';

function source(text: string, path: string): XmlSource {
  return { path, name: path, text, sha256: '', origin: 'test' };
}

/** A protocol with these lines inside its only interface `i` of version 3, the first of them on line 3. */
function inInterface(...lines: string[]): string {
  return [
    '<protocol name="p">',
    '<interface name="i" version="3">',
    ...lines,
    '</interface>',
    '</protocol>',
  ].join('\n');
}

function check(...lines: string[]): string {
  try {
    const { warnings } = scan([source(inInterface(...lines), 'a.xml')], manifest);
    return warnings.map(formatDiagnostic).join('\n');
  } catch (error) {
    if (error instanceof ScanError) return error.message;
    throw error;
  }
}

/** As {@link check}, with one request that has these arguments, the first of them on line 4. */
function checkArguments(...args: string[]): string {
  return check(
    '<request name="r">',
    ...args,
    '</request>',
    '<enum name="bits" bitfield="true"/>',
    '<enum name="e"/>',
  );
}

test('a sound protocol has nothing said about it', () => {
  expect(
    checkArguments(
      '<arg name="a" type="object" interface="wl_surface" allow-null="true"/>',
      '<arg name="b" type="uint" enum="wl_shm.format"/>',
      '<arg name="c" type="uint" enum="bits"/>',
      '<arg name="d" type="int" enum="e"/>',
      '<arg name="e" type="new_id"/>',
      '<arg name="f" type="string" allow-null="true"/>',
    ),
  ).toBe('');
});

test.each([
  [
    ['<request name="r"/>', '<request name="r"/>'],
    'a.xml:4:1: request r is already defined on line 3',
  ],
  [
    ['<event name="e_a"/>', '<event name="eA"/>'],
    'a.xml:4:1: event eA is already defined on line 3',
  ],
  [['<enum name="e"/>', '<enum name="e"/>'], /a\.xml:4:1: enum e is already defined on line 3/],
  [
    ['<enum name="e">', '<entry name="a" value="1"/>', '<entry name="a" value="2"/>', '</enum>'],
    'a.xml:5:1: entry a is already defined on line 4',
  ],
  [['<enum name="requests"/>'], /^a\.xml:3:1: type IRequests is already defined on line 2$/],
  [['<request name="r" since="4"/>'], 'a.xml:3:1: request r is since 4, but i has version 3'],
  [
    ['<event name="e" since="3" deprecated-since="2"/>'],
    'a.xml:3:1: event e is deprecated since 2, before it was added',
  ],
  [
    ['<event name="e" deprecated-since="9"/>'],
    'a.xml:3:1: event e is deprecated since 9, but i has version 3',
  ],
  [
    ['<enum name="e">', '<entry name="a" value="1" since="4"/>', '</enum>'],
    'a.xml:4:1: entry a is since 4, but i has version 3',
  ],
  [
    ['<enum name="e" bitfield="true">', '<entry name="a" value="-1"/>', '</enum>'],
    'a.xml:4:1: entry a of a bitfield is negative',
  ],
  [['<request name="destroy"/>'], 'a.xml:3:1: request destroy must have type="destructor"'],
  [
    ['<request name="a" since="2"/>', '<request name="b"/>'],
    'a.xml:4:1: warning: since version of b is not increasing',
  ],
  [[], 'a.xml:2:1: interface i has no request, event or enum'],
  [
    ['<event name="e">', '<arg name="id" type="new_id"/>', '</event>'],
    'a.xml:4:1: new_id of event e needs an interface',
  ],
])('message rule %#', (lines, expected) => {
  const said = check(...lines);
  if (typeof expected === 'string') expect(said).toBe(expected);
  else expect(said).toMatch(expected);
});

test.each([
  [
    '<arg name="a" type="object" interface="nobody"/>',
    'unknown interface nobody; name the XML file that has it too',
  ],
  [
    '<arg name="a" type="int" interface="wl_surface"/>',
    'argument a of type int cannot have an interface',
  ],
  ['<arg name="a" type="fd" allow-null="true"/>', 'argument a of type fd cannot be null'],
  [
    '<arg name="a" type="new_id" interface="i" allow-null="true"/>',
    'argument a of type new_id cannot be null',
  ],
  ['<arg name="a" type="fixed" enum="e"/>', 'argument a of type fixed cannot have an enum'],
  ['<arg name="a" type="uint" enum="nope"/>', 'unknown enum "nope"'],
  ['<arg name="a" type="uint" enum="wl_shm.nope"/>', 'unknown enum "wl_shm.nope"'],
  ['<arg name="a" type="uint" enum="nobody.e"/>', 'unknown interface nobody in enum="nobody.e"'],
  ['<arg name="a" type="int" enum="bits"/>', 'bitfield "bits" needs an argument of type uint'],
])('argument rule %#', (arg, expected) => {
  expect(checkArguments(arg)).toBe(`a.xml:4:1: ${expected}`);
});

test('two arguments of one name, two new_ids', () => {
  expect(checkArguments('<arg name="a" type="int"/>', '<arg name="a" type="int"/>')).toBe(
    'a.xml:5:1: argument a is already defined on line 4',
  );
  expect(
    checkArguments(
      '<arg name="a" type="new_id" interface="i"/>',
      '<arg name="b" type="new_id" interface="i"/>',
    ),
  ).toBe('a.xml:5:1: request r has more than one new_id');
});

test('two interfaces of one name, two protocols of one name', () => {
  const twice =
    '<protocol name="p">\n<interface name="i" version="1"><enum name="e"/></interface>\n<interface name="i" version="1"><enum name="e"/></interface>\n</protocol>';
  expect(() => scan([source(twice, 'a.xml')], [])).toThrow(
    'a.xml:3:1: interface i is already defined on line 2',
  );
  const sources = ['a.xml', 'b.xml'].map((path) => source(inInterface('<enum name="e"/>'), path));
  expect(() => scan(sources, [])).toThrow('b.xml:1:1: protocol p is already defined in a.xml');
});

test('files may refer to each other in any order', () => {
  const first =
    '<protocol name="a"><interface name="a" version="1"><request name="r"><arg name="b" type="object" interface="b"/></request></interface></protocol>';
  const second =
    '<protocol name="b"><interface name="b" version="1"><request name="r"><arg name="a" type="object" interface="a"/></request></interface></protocol>';
  expect(scan([source(first, 'a.xml'), source(second, 'b.xml')], []).warnings).toEqual([]);
});
