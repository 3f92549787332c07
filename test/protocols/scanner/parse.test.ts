/** Reading XML: the model it gives, and where errors are said to be. */
import { expect, test } from 'vitest';
import { ScanError } from '../../../protocols/scanner/diagnostic.ts';
import { parse } from '../../../protocols/scanner/parse.ts';

const THING = `<?xml version="1.0" encoding="UTF-8"?>
<protocol name="thing_v1">
  <copyright>Somebody &lt;x@y&gt;</copyright>
  <interface name="thing" version="4" frozen="true">
    <description summary="a thing">Prose with &amp; entities.</description>
    <request name="destroy" type="destructor"/>
    <request name="make" since="2" deprecated-since="3">
      <arg name="id" type="new_id" interface="thing"/>
      <arg name="other" type="object" interface="thing" allow-null="true"/>
      <arg name="kind" type="uint" enum="kind" summary="which"/>
    </request>
    <event name="done" type="destructor" since="4"/>
    <enum name="kind" bitfield="true" since="2">
      <entry name="1_a" value="0x10" since="3" deprecated-since="4"/>
      <entry name="b" value="4294967295"/>
    </enum>
  </interface>
</protocol>
`;

/** All messages of the error, as a user sees them. */
function errorsOf(xml: string): string {
  try {
    parse(xml, 'a.xml');
  } catch (error) {
    if (error instanceof ScanError) return error.message;
    throw error;
  }
  return 'no error';
}

/** A protocol with these lines inside its only interface, the first of them on line 3. */
function inInterface(...lines: string[]): string {
  return [
    '<protocol name="p">',
    '<interface name="i" version="1">',
    ...lines,
    '</interface>',
    '</protocol>',
  ].join('\n');
}

test('the model holds everything but the prose', () => {
  const { protocol, warnings } = parse(THING, 'thing.xml');
  expect(warnings).toEqual([]);
  expect(JSON.stringify(protocol)).not.toContain('Prose');
  const [thing] = protocol.interfaces;
  expect(protocol.name).toBe('thing_v1');
  expect(thing).toMatchObject({ name: 'thing', version: 4, frozen: true });
  expect(thing?.requests).toMatchObject([
    { name: 'destroy', opcode: 0, since: 1, destructor: true, args: [] },
    {
      name: 'make',
      opcode: 1,
      since: 2,
      deprecatedSince: 3,
      destructor: false,
      args: [
        { name: 'id', type: 'new_id', interface: 'thing', allowNull: false },
        { name: 'other', type: 'object', interface: 'thing', allowNull: true },
        { name: 'kind', type: 'uint', enum: 'kind', interface: undefined },
      ],
    },
  ]);
  expect(thing?.events).toMatchObject([{ name: 'done', opcode: 0, since: 4, destructor: true }]);
  expect(thing?.enums).toMatchObject([
    {
      name: 'kind',
      bitfield: true,
      since: 2,
      entries: [
        { name: '1_a', value: 16, hexadecimal: true, since: 3, deprecatedSince: 4 },
        { name: 'b', value: 0xffff_ffff, hexadecimal: false, since: 1 },
      ],
    },
  ]);
});

test('positions are those of the tag, also when it spans lines', () => {
  const { protocol } = parse(inInterface('  <request', '    name="r"', '    since="1"/>'), 'a.xml');
  expect(protocol.interfaces[0]?.requests[0]?.position).toEqual({
    file: 'a.xml',
    line: 3,
    column: 3,
  });
});

test('an unknown attribute is a warning with its place', () => {
  const { warnings } = parse(inInterface('<request name="r" colour="red"/>'), 'a.xml');
  expect(warnings).toEqual([
    {
      severity: 'warning',
      position: { file: 'a.xml', line: 3, column: 1 },
      message: 'unknown attribute colour of <request> is ignored',
    },
  ]);
});

test.each([
  [
    '<protocol name="p">\n<interface name="i" version="1">\n</protocol>',
    /^a\.xml:3:\d+: .*close tag/,
  ],
  ['<protocol name="p">\n &nope;</protocol>', /^a\.xml:2:\d+: .*entity/],
  ['', /^a\.xml:1:\d+: /],
  ['<html/>', /^a\.xml:1:1: element <html> is not allowed as the document element$/],
  [
    inInterface('<arg name="a" type="int"/>'),
    /^a\.xml:3:1: element <arg> is not allowed in <interface>$/,
  ],
  [inInterface('', '  stray'), /^a\.xml:\d+:\d+: text is not allowed in <interface>$/],
  [inInterface('<request/>'), /^a\.xml:3:1: <request> needs the attribute name$/],
  [inInterface('<request name="3d"/>'), /^a\.xml:3:1: "3d" is not a valid name for <request>$/],
  [inInterface('<request name="a-b"/>'), /^a\.xml:3:1: "a-b" is not a valid name/],
  [
    inInterface('<request name="r" type="constructor"/>'),
    /^a\.xml:3:1: unknown message type "constructor"$/,
  ],
  [
    inInterface('<request name="r" since="0"/>'),
    /^a\.xml:3:1: since="0" is not a positive number$/,
  ],
  [inInterface('<request name="r" since="1.5"/>'), /^a\.xml:3:1: since="1.5" is not/],
  [
    inInterface('<request name="r">', ' <arg name="a" type="int64"/>', '</request>'),
    /^a\.xml:4:2: unknown argument type "int64"$/,
  ],
  [
    inInterface(
      '<request name="r">',
      ' <arg name="a" type="string" allow-null="yes"/>',
      '</request>',
    ),
    /^a\.xml:4:2: allow-null="yes" is neither "true" nor "false"$/,
  ],
  [
    inInterface(
      '<enum name="e">',
      ' <entry name="a" value="1k"/>',
      ' <entry name="b" value="0x100000000"/>',
      '</enum>',
    ),
    /^a\.xml:4:2: value="1k" is not a 32-bit number\na\.xml:5:2: value="0x100000000" is not a 32-bit number$/,
  ],
])('error %#', (xml, expected) => {
  expect(errorsOf(xml)).toMatch(expected);
});

test('all errors of a file are reported at once', () => {
  const xml = inInterface(
    '<request name="r" since="x"/>',
    '<event/>',
    '<enum name="e" bitfield="1"/>',
  );
  expect(errorsOf(xml).split('\n')).toHaveLength(3);
});
