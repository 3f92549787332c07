/** The TypeScript type of an argument, by the direction it travels. */
import type { Imports } from './imports.ts';
import type { InterfaceTable } from './interface-table.ts';
import { enumName, pascalCase } from './names.ts';
import type { ModuleNames } from './module-names.ts';
import type { Argument, Interface, Protocol } from './model.ts';

/** What an emitter of one file works with. */
export interface EmitContext {
  readonly protocol: Protocol;
  readonly table: InterfaceTable;
  readonly modules: ModuleNames;
  readonly imports: Imports;
  readonly side: 'server' | 'client';
}

/**
 * The type of an argument a handler gets. Enums are plain numbers here: a peer may send any value, see wire/enum-value.ts.
 * A new_id is the object made for it; one without interface is not an argument of this kind.
 */
export function receivedType(arg: Argument, context: EmitContext): string {
  switch (arg.type) {
    case 'int':
    case 'uint':
    case 'fixed':
      return 'number';
    case 'string':
      return arg.allowNull ? 'string | null' : 'string';
    case 'array':
      return 'Uint8Array';
    case 'fd':
      return context.imports.type('OwnedFd', context.modules.native('fd'));
    case 'object':
      return objectType(arg, context);
    case 'new_id':
      return objectOf(arg.interface, context);
  }
}

/** The type of an argument the caller sends. */
export function sentType(arg: Argument, iface: Interface, context: EmitContext): string {
  switch (arg.type) {
    case 'int':
    case 'uint':
      return arg.enum === undefined ? 'number' : enumType(arg.enum, iface, context);
    case 'fd':
      return 'number';
    case 'fixed':
    case 'string':
    case 'array':
    case 'object':
    case 'new_id':
      return receivedType(arg, context);
  }
}

/** The class or type of objects of an interface, imported when another protocol has it; any object when undefined. */
export function objectOf(name: string | undefined, context: EmitContext): string {
  const { imports, modules, side } = context;
  if (name === undefined) {
    return side === 'server'
      ? `${imports.type('Resource', modules.runtime('server/resource'))}<unknown>`
      : imports.type('Proxy', modules.runtime('client/proxy'));
  }
  const typeName = pascalCase(name) + (side === 'server' ? 'Resource' : 'Proxy');
  const protocol = definedIn(name, context);
  if (protocol === context.protocol.name) return typeName;
  return imports.type(typeName, modules.generated(protocol, side));
}

/** The `name=` of the protocol that defines an interface. check.ts has made sure that there is one. */
export function definedIn(name: string, { table, protocol }: EmitContext): string {
  const known = table.find(name, protocol.name);
  if (known === undefined) throw new Error(`interface ${name} of ${protocol.name} was not checked`);
  return known.protocol;
}

function objectType(arg: Argument, context: EmitContext): string {
  const type = objectOf(arg.interface, context);
  return arg.allowNull ? `${type} | null` : type;
}

function enumType(reference: string, iface: Interface, context: EmitContext): string {
  const dot = reference.indexOf('.');
  const interfaceName = dot === -1 ? iface.name : reference.slice(0, dot);
  const typeName = enumName(interfaceName, reference.slice(dot + 1));
  const module = context.modules.generated(definedIn(interfaceName, context), 'interfaces');
  return context.imports.type(typeName, module);
}
