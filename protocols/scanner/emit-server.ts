/** `<protocol>.server.ts`: for each interface the requests to implement, the resource type, dispatch and events. */
import { objectOf, receivedType, sentType, type EmitContext } from './argument-types.ts';
import { block, generatedFile, indent, list, versionComment } from './code.ts';
import { dispatchMethod, receivedName, untypedNames } from './emit-dispatch.ts';
import { sendBody, sentName } from './emit-send.ts';
import { Imports } from './imports.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { ModuleNames } from './module-names.ts';
import { camelCase, descriptionName, pascalCase } from './names.ts';
import { untyped } from './signature.ts';
import type { Interface, Message, Protocol } from './model.ts';

/** The text of the file. */
export function emitServer(
  protocol: Protocol,
  table: InterfaceTable,
  modules: ModuleNames,
): string {
  const imports = new Imports();
  const context: EmitContext = { protocol, table, modules, imports, side: 'server' };
  const parts = protocol.interfaces.flatMap((iface) => [
    requestsInterface(iface, context),
    resourceType(iface, context),
    serverInterface(iface, context),
  ]);
  return generatedFile(`Server side of ${protocol.name}.`, [imports.lines(), ...parts]);
}

function requestsInterface({ name, requests }: Interface, context: EmitContext): string[] {
  const self = `${pascalCase(name)}Resource`;
  return [
    `/** Requests of ${name}, to implement. */`,
    ...block(
      `export interface ${pascalCase(name)}Requests`,
      requests.flatMap((request) => [
        ...versionComment(request.since, request.deprecatedSince),
        ...list(
          `${camelCase(request.name)}(`,
          [`resource: ${self}`, ...receivedParameters(request, context)],
          '): void;',
          { depth: 1 },
        ),
      ]),
    ),
  ];
}

/** Parameters of a handler's method after the object itself. */
function receivedParameters({ args }: Message, context: EmitContext): string[] {
  return args.flatMap((arg) => {
    if (!untyped(arg)) return [`${receivedName(arg)}: ${receivedType(arg, context)}`];
    const { interfaceName, version } = untypedNames(arg);
    return [`${interfaceName}: string`, `${version}: number`, `${receivedName(arg)}: number`];
  });
}

function resourceType({ name }: Interface, { imports, modules }: EmitContext): string[] {
  const typeName = pascalCase(name);
  imports.type('Resource', modules.runtime('server/resource'));
  return [`export type ${typeName}Resource = Resource<${typeName}Requests>;`];
}

function serverInterface(iface: Interface, context: EmitContext): string[] {
  const { imports, modules, protocol } = context;
  const typeName = pascalCase(iface.name);
  const description = descriptionName(iface.name);
  imports.type('ServerInterface', modules.runtime('server/resource'));
  imports.value(description, modules.generated(protocol.name, 'interfaces'));
  const self = { name: 'resource', type: `${typeName}Resource` };
  const base = `ServerInterface<${typeName}Requests>`;
  const types = iface.events.flatMap((event) => eventType(event, self.type, context));
  const body = [
    `description: ${description},`,
    '',
    ...dispatchMethod(self, iface.requests, context),
    ...iface.events.flatMap((event) => ['', ...eventMethod(event, self.type, context)]),
  ];
  return [
    `/** ${iface.name}: dispatch and events. */`,
    ...(types.length === 0
      ? [`export const ${typeName}: ${base} = {`]
      : [`export const ${typeName}: ${base} & {`, ...indent(types), '} = {']),
    ...indent(body),
    '};',
  ];
}

function eventType(event: Message, self: string, context: EmitContext): string[] {
  return [
    ...(event.since > 1 ? [`readonly ${camelCase(event.name)}Since: ${event.since};`] : []),
    ...versionComment(event.since, event.deprecatedSince),
    ...list(
      `send${pascalCase(event.name)}(`,
      sendParameters(event, self, context),
      `): ${returned(event, context)};`,
      { depth: 1 },
    ),
  ];
}

function eventMethod(event: Message, self: string, context: EmitContext): string[] {
  const head = list(
    `send${pascalCase(event.name)}(`,
    sendParameters(event, self, context),
    `): ${returned(event, context)} {`,
    { depth: 1 },
  );
  return [
    ...(event.since > 1 ? [`${camelCase(event.name)}Since: ${event.since},`] : []),
    ...head,
    ...indent(sendBody(event, 'resource', context)),
    '},',
  ];
}

function sendParameters(event: Message, self: string, context: EmitContext): string[] {
  const iface = context.protocol.interfaces.find(({ events }) => events.includes(event));
  if (iface === undefined) throw new Error(`event ${event.name} is of no interface`);
  return [
    `resource: ${self}`,
    ...event.args
      .filter((arg) => arg.type !== 'new_id')
      .map((arg) => `${sentName(arg)}: ${sentType(arg, iface, context)}`),
  ];
}

/** An event that creates an object returns it, for a handler to be set. */
function returned({ args }: Message, context: EmitContext): string {
  const created = args.find((arg) => arg.type === 'new_id');
  return created === undefined ? 'void' : objectOf(created.interface, context);
}
