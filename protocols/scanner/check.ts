/** The rules for a protocol that go beyond its structure: wayland-scanner's, and those our names and types need. */
import type { Diagnostic } from './diagnostic.ts';
import type { InterfaceTable } from './interface-table.ts';
import { camelCase, enumName, objectKey, parameterName, pascalCase } from './names.ts';
import type { Argument, Enum, Interface, Message, Position, Protocol } from './model.ts';

/** Everything wrong with `protocol`, in the order of the file. `table` must know it and all protocols it refers to. */
export function check(protocol: Protocol, table: InterfaceTable): readonly Diagnostic[] {
  const checker = new Checker(protocol, table);
  checker.run();
  return checker.diagnostics;
}

class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly #protocol: Protocol;
  readonly #table: InterfaceTable;

  constructor(protocol: Protocol, table: InterfaceTable) {
    this.#protocol = protocol;
    this.#table = table;
  }

  run(): void {
    const { interfaces, position } = this.#protocol;
    if (interfaces.length === 0) this.#error(position, 'the protocol has no interface');
    this.#unique('interface', interfaces, (iface) => pascalCase(iface.name));
    this.#unique('type', [...this.#typeNames()], ({ name }) => name);
    for (const iface of interfaces) this.#interface(iface);
  }

  /** The exported names of the generated files: an interface wl_a_b and an enum b of wl_a would meet. */
  *#typeNames(): Iterable<{ name: string; position: Position }> {
    for (const { name, enums, position } of this.#protocol.interfaces) {
      for (const suffix of ['', 'Requests', 'Events', 'Resource', 'Proxy']) {
        yield { name: pascalCase(name) + suffix, position };
      }
      for (const entry of enums)
        yield { name: enumName(name, entry.name), position: entry.position };
    }
  }

  #interface(iface: Interface): void {
    const { requests, events, enums, position } = iface;
    if (requests.length + events.length + enums.length === 0) {
      this.#error(position, `interface ${iface.name} has no request, event or enum`);
    }
    this.#unique('request', requests, ({ name }) => camelCase(name));
    this.#unique('event', events, ({ name }) => camelCase(name));
    this.#unique('enum', enums, ({ name }) => pascalCase(name));
    for (const list of [requests, events]) {
      let since = 1;
      for (const message of list) {
        this.#message(iface, message);
        if (message.since < since) {
          this.#warning(message.position, `since version of ${message.name} is not increasing`);
        }
        since = message.since;
      }
    }
    for (const entry of enums) this.#enum(iface, entry);
  }

  #message(iface: Interface, message: Message): void {
    const { kind, name, since, deprecatedSince, destructor, args, position } = message;
    this.#versions(iface, `${kind} ${name}`, since, deprecatedSince, position);
    if (name === 'destroy' && !destructor) {
      this.#error(position, `${kind} destroy must have type="destructor"`);
    }
    this.#unique('argument', args, (arg) => parameterName(arg.name));
    const created = args.filter((arg) => arg.type === 'new_id');
    if (created[1] !== undefined) {
      this.#error(created[1].position, `${kind} ${name} has more than one new_id`);
    }
    if (kind === 'event' && created[0] !== undefined && created[0].interface === undefined) {
      this.#error(created[0].position, `new_id of event ${name} needs an interface`);
    }
    for (const arg of args) this.#argument(iface, arg);
  }

  #argument(iface: Interface, arg: Argument): void {
    const { name, type, position } = arg;
    if (arg.interface !== undefined) {
      if (type !== 'object' && type !== 'new_id') {
        this.#error(position, `argument ${name} of type ${type} cannot have an interface`);
      } else if (this.#table.find(arg.interface, this.#protocol.name) === undefined) {
        this.#error(
          position,
          `unknown interface ${arg.interface}; name the XML file that has it too`,
        );
      }
    }
    if (arg.enum !== undefined) this.#enumReference(iface, arg, arg.enum);
  }

  #enumReference(iface: Interface, { name, type, position }: Argument, reference: string): void {
    if (type !== 'int' && type !== 'uint') {
      this.#error(position, `argument ${name} of type ${type} cannot have an enum`);
      return;
    }
    const dot = reference.indexOf('.');
    const interfaceName = dot === -1 ? iface.name : reference.slice(0, dot);
    const target = this.#table.find(interfaceName, this.#protocol.name);
    if (target === undefined) {
      this.#error(position, `unknown interface ${interfaceName} in enum="${reference}"`);
      return;
    }
    const bitfield = target.enums.get(reference.slice(dot + 1));
    if (bitfield === undefined) this.#error(position, `unknown enum "${reference}"`);
    if (bitfield === true && type === 'int') {
      this.#error(position, `bitfield "${reference}" needs an argument of type uint`);
    }
  }

  #enum(iface: Interface, { name, since, bitfield, entries, position }: Enum): void {
    this.#versions(iface, `enum ${name}`, since, undefined, position);
    this.#unique('entry', entries, (entry) => objectKey(entry.name));
    for (const entry of entries) {
      const { position: at, value } = entry;
      this.#versions(iface, `entry ${entry.name}`, entry.since, entry.deprecatedSince, at);
      if (bitfield && value < 0) this.#error(at, `entry ${entry.name} of a bitfield is negative`);
    }
  }

  #versions(
    iface: Interface,
    what: string,
    since: number,
    deprecatedSince: number | undefined,
    position: Position,
  ): void {
    if (since > iface.version) {
      this.#error(
        position,
        `${what} is since ${since}, but ${iface.name} has version ${iface.version}`,
      );
    }
    if (deprecatedSince === undefined) return;
    if (deprecatedSince > iface.version) {
      this.#error(
        position,
        `${what} is deprecated since ${deprecatedSince}, but ${iface.name} has version ${iface.version}`,
      );
    }
    if (deprecatedSince < since) {
      this.#error(position, `${what} is deprecated since ${deprecatedSince}, before it was added`);
    }
  }

  #unique<T extends { readonly name: string; readonly position: Position }>(
    what: string,
    items: readonly T[],
    key: (item: T) => string,
  ): void {
    const seen = new Map<string, Position>();
    for (const item of items) {
      const first = seen.get(key(item));
      if (first === undefined) seen.set(key(item), item.position);
      else
        this.#error(item.position, `${what} ${item.name} is already defined on line ${first.line}`);
    }
  }

  #error(position: Position, message: string): void {
    this.diagnostics.push({ severity: 'error', position, message });
  }

  #warning(position: Position, message: string): void {
    this.diagnostics.push({ severity: 'warning', position, message });
  }
}
