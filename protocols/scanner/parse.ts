/**
 * XML → model. Structure only (elements, attributes, numbers), as wayland.dtd has it; what names mean is check.ts's business.
 * Descriptions and copyright notices are read over: generated code carries no prose.
 */
import { SaxesParser } from 'saxes';
import { readAttributes, type Attributes } from './attributes.ts';
import { ScanError, type Diagnostic } from './diagnostic.ts';
import { textPositions } from './text-positions.ts';
import type { Argument, Entry, Enum, Interface, Message, Position, Protocol } from './model.ts';

/** Lists are filled while parsing, then seen as read-only by everybody else. */
type Building<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K];
};

/** Which elements may be where (wayland.dtd). */
const PARENTS: Readonly<Record<string, readonly string[]>> = {
  protocol: [''],
  copyright: ['protocol'],
  description: ['protocol', 'interface', 'request', 'event', 'enum', 'entry', 'arg'],
  interface: ['protocol'],
  request: ['interface'],
  event: ['interface'],
  enum: ['interface'],
  arg: ['request', 'event'],
  entry: ['enum'],
};

/** What `parse` found. Errors are thrown; warnings are for the user to see. */
export interface Parsed {
  readonly protocol: Protocol;
  readonly warnings: readonly Diagnostic[];
}

/** Parses the text of one XML file. `file` is used in messages only. Throws {@link ScanError} with everything found wrong. */
export function parse(text: string, file: string): Parsed {
  const builder = new ModelBuilder(text, file);
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    // saxes puts its own line:column in front of the message.
    const message = error.message.replace(/^\d+:\d+: /, '');
    builder.error(message, { file, line: parser.line, column: parser.column + 1 });
  });
  parser.on('opentagstart', (tag) => builder.tagStart(tag.name, parser.position));
  parser.on('opentag', (tag) => builder.open(tag.name, tag.attributes as Record<string, string>));
  parser.on('closetag', () => builder.close());
  parser.on('text', (content) => builder.text(content));
  parser.write(text).close();
  return builder.result();
}

class ModelBuilder {
  readonly #errors: Diagnostic[] = [];
  readonly #warnings: Diagnostic[] = [];
  readonly #positionAt: (offset: number) => Position;
  readonly #xml: string;
  readonly #file: string;
  readonly #path: string[] = [];
  #tagPosition: Position;
  #protocol: Building<Protocol> | undefined;
  #interface: Building<Interface> | undefined;
  #message: Building<Message> | undefined;
  #enum: Building<Enum> | undefined;

  constructor(xml: string, file: string) {
    this.#xml = xml;
    this.#file = file;
    this.#positionAt = textPositions(xml, file);
    this.#tagPosition = this.#positionAt(0);
  }

  error(message: string, position: Position): void {
    this.#errors.push({ severity: 'error', position, message });
  }

  /** The parser is past the tag's name here; the tag itself began at the last '<' with that name. */
  tagStart(name: string, offset: number): void {
    this.#tagPosition = this.#positionAt(Math.max(0, this.#xml.lastIndexOf(`<${name}`, offset)));
  }

  open(name: string, values: Readonly<Record<string, string>>): void {
    const parent = this.#path.at(-1) ?? '';
    this.#path.push(name);
    const position = this.#tagPosition;
    const parents = PARENTS[name];
    if (parents === undefined || !parents.includes(parent)) {
      const where = parent === '' ? 'as the document element' : `in <${parent}>`;
      this.error(`element <${name}> is not allowed ${where}`, position);
      return;
    }
    const attributes = readAttributes(name, values, {
      error: (message) => this.error(message, position),
      warning: (message) => this.#warnings.push({ severity: 'warning', position, message }),
    });
    this.#add(name, attributes, position);
  }

  close(): void {
    this.#path.pop();
  }

  text(content: string): void {
    const parent = this.#path.at(-1);
    if (parent === 'description' || parent === 'copyright' || content.trim() === '') return;
    this.error(`text is not allowed in <${parent ?? ''}>`, this.#tagPosition);
  }

  result(): Parsed {
    if (this.#protocol === undefined && this.#errors.length === 0) {
      this.error('no <protocol> found', { file: this.#file, line: 1, column: 1 });
    }
    if (this.#protocol === undefined || this.#errors.length > 0) throw new ScanError(this.#errors);
    return { protocol: this.#protocol, warnings: this.#warnings };
  }

  #add(element: string, attributes: Attributes, position: Position): void {
    const name = attributes.name;
    switch (element) {
      case 'protocol':
        this.#protocol = { name, interfaces: [], position };
        return;
      case 'interface': {
        const { version, frozen } = attributes;
        this.#interface = { name, version, frozen, requests: [], events: [], enums: [], position };
        this.#protocol?.interfaces.push(this.#interface);
        return;
      }
      case 'request':
      case 'event': {
        const { since, deprecatedSince, destructor } = attributes;
        const list = element === 'request' ? this.#interface?.requests : this.#interface?.events;
        this.#message = {
          kind: element,
          name,
          opcode: list?.length ?? 0,
          since,
          deprecatedSince,
          destructor,
          args: [],
          position,
        };
        list?.push(this.#message);
        return;
      }
      case 'enum': {
        const { since, bitfield } = attributes;
        this.#enum = { name, since, bitfield, entries: [], position };
        this.#interface?.enums.push(this.#enum);
        return;
      }
      case 'entry': {
        const { since, deprecatedSince, value, hexadecimal } = attributes;
        const entry: Entry = { name, value, since, deprecatedSince, hexadecimal, position };
        this.#enum?.entries.push(entry);
        return;
      }
      case 'arg': {
        const { argumentType: type, interface: iface, enum: enumName, allowNull } = attributes;
        const arg: Argument = { name, type, interface: iface, enum: enumName, allowNull, position };
        this.#message?.args.push(arg);
      }
    }
  }
}
