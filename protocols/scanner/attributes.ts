/** Reads and checks the attributes of one element of a protocol XML file, as wayland.dtd and wayland-scanner demand. */
import type { ArgumentType } from './model.ts';

/** Every attribute any element may have; what an element lacks has its default here. */
export interface Attributes {
  readonly name: string;
  readonly version: number;
  readonly frozen: boolean;
  readonly since: number;
  readonly deprecatedSince: number | undefined;
  readonly destructor: boolean;
  readonly bitfield: boolean;
  readonly value: number;
  readonly hexadecimal: boolean;
  readonly argumentType: ArgumentType;
  readonly interface: string | undefined;
  readonly enum: string | undefined;
  readonly allowNull: boolean;
}

/** Where complaints about the element go. */
export interface AttributeReport {
  error(message: string): void;
  warning(message: string): void;
}

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: ['name'],
  copyright: [],
  description: ['summary'],
  interface: ['name', 'version', 'frozen'],
  request: ['name', 'type', 'since', 'deprecated-since'],
  event: ['name', 'type', 'since', 'deprecated-since'],
  enum: ['name', 'since', 'bitfield'],
  entry: ['name', 'value', 'summary', 'since', 'deprecated-since'],
  arg: ['name', 'type', 'summary', 'interface', 'allow-null', 'enum'],
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  protocol: ['name'],
  interface: ['name', 'version'],
  request: ['name'],
  event: ['name'],
  enum: ['name'],
  entry: ['name', 'value'],
  arg: ['name', 'type'],
};

const ARGUMENT_TYPES: readonly string[] = [
  'int',
  'uint',
  'fixed',
  'string',
  'object',
  'new_id',
  'array',
  'fd',
] satisfies ArgumentType[];

/** Reads the attributes of `<element>`. Wrong ones are reported and replaced by their default, so that all errors are found at once. */
export function readAttributes(
  element: string,
  values: Readonly<Record<string, string>>,
  report: AttributeReport,
): Attributes {
  for (const name of Object.keys(values)) {
    if (!(ALLOWED[element] ?? []).includes(name)) {
      report.warning(`unknown attribute ${name} of <${element}> is ignored`);
    }
  }
  for (const name of REQUIRED[element] ?? []) {
    if (values[name] === undefined) report.error(`<${element}> needs the attribute ${name}`);
  }
  const name = values['name'] ?? '';
  if (values['name'] !== undefined) checkIdentifier(element, name, report);
  if (element === 'arg') checkNullable(values, report);
  const value = element === 'entry' ? values['value'] : undefined;
  return {
    name,
    version: positive(values['version'], 'version', report) ?? 1,
    frozen: flag(values['frozen'], 'frozen', report),
    since: positive(values['since'], 'since', report) ?? 1,
    deprecatedSince: positive(values['deprecated-since'], 'deprecated-since', report),
    destructor: element !== 'arg' && destructor(values['type'], report),
    bitfield: flag(values['bitfield'], 'bitfield', report),
    value: value === undefined ? 0 : entryValue(value, report),
    hexadecimal: value !== undefined && /^0x/i.test(value),
    argumentType: element === 'arg' ? argumentType(values['type'], report) : 'int',
    interface: values['interface'],
    enum: values['enum'],
    allowNull: flag(values['allow-null'], 'allow-null', report),
  };
}

/** Entry names follow a prefix in C and may begin with a digit; all others stand alone (wayland-scanner: validate_identifier). */
function checkIdentifier(element: string, name: string, report: AttributeReport): void {
  const valid = element === 'entry' ? /^[A-Za-z0-9_]+$/ : /^[A-Za-z_][A-Za-z0-9_]*$/;
  if (!valid.test(name)) report.error(`"${name}" is not a valid name for <${element}>`);
}

/** Even "false" has no business elsewhere (wayland-scanner). A null array is an empty one on the wire. */
function checkNullable(values: Readonly<Record<string, string>>, report: AttributeReport): void {
  const type = values['type'];
  if (values['allow-null'] === undefined || type === undefined) return;
  if (type === 'string' || type === 'object' || type === 'array') return;
  report.error(`argument ${values['name'] ?? ''} of type ${type} cannot be null`);
}

function positive(
  text: string | undefined,
  attribute: string,
  report: AttributeReport,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 0xffff_ffff) return value;
  report.error(`${attribute}="${text}" is not a positive number`);
  return undefined;
}

function flag(text: string | undefined, attribute: string, report: AttributeReport): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') {
    report.error(`${attribute}="${text}" is neither "true" nor "false"`);
  }
  return text === 'true';
}

function destructor(text: string | undefined, report: AttributeReport): boolean {
  if (text !== undefined && text !== 'destructor') report.error(`unknown message type "${text}"`);
  return text === 'destructor';
}

function argumentType(text: string | undefined, report: AttributeReport): ArgumentType {
  if (text === undefined) return 'int';
  if (ARGUMENT_TYPES.includes(text)) return text as ArgumentType;
  report.error(`unknown argument type "${text}"`);
  return 'int';
}

function entryValue(text: string, report: AttributeReport): number {
  const value = /^(0x[0-9a-f]+|0|-?[1-9]\d*)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= -0x8000_0000 && value <= 0xffff_ffff) return value;
  report.error(`value="${text}" is not a 32-bit number`);
  return 0;
}
