/** `<protocol>.client.ts`: for each interface its events and a proxy class with the requests as methods. */
import { objectOf, receivedType, sentType, type EmitContext } from './argument-types.ts';
import { block, generatedFile, indent, list, versionComment, WIDTH } from './code.ts';
import { dispatchMethod, receivedName } from './emit-dispatch.ts';
import { sendBody, sentName } from './emit-send.ts';
import { Imports } from './imports.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { ModuleNames } from './module-names.ts';
import { camelCase, descriptionName, pascalCase } from './names.ts';
import { untyped } from './signature.ts';
import type { Interface, Message, Protocol } from './model.ts';

/** Members of Proxy that a request's method must not hide (client/proxy.ts); such a method ends in `Request`. */
const PROXY_MEMBERS = new Set(
  'alive constructor data description dispatch forget handler id objects queue toString version writer'.split(
    ' ',
  ),
);

/** The text of the file. */
export function emitClient(
  protocol: Protocol,
  table: InterfaceTable,
  modules: ModuleNames,
): string {
  const imports = new Imports();
  const context: EmitContext = { protocol, table, modules, imports, side: 'client' };
  const parts = protocol.interfaces.flatMap((iface) => [
    eventsInterface(iface, context),
    proxyClass(iface, context),
  ]);
  return generatedFile(`Client side of ${protocol.name}.`, [imports.lines(), ...parts]);
}

function eventsInterface({ name, events }: Interface, context: EmitContext): string[] {
  const self = `${pascalCase(name)}Proxy`;
  return [
    `/** Events of ${name}; those without a method are dropped. */`,
    ...block(
      `export interface ${pascalCase(name)}Events`,
      events.flatMap((event) => [
        ...versionComment(event.since, event.deprecatedSince),
        ...list(
          `${camelCase(event.name)}?(`,
          [`proxy: ${self}`, ...event.args.map((arg) => receivedParameter(arg, context))],
          '): void;',
          { depth: 1 },
        ),
      ]),
    ),
  ];
}

/** Objects may have been destroyed on this side meanwhile, so that each may be null. */
function receivedParameter(arg: Message['args'][number], context: EmitContext): string {
  const type = receivedType(arg, context);
  const nullable = arg.type === 'object' && !arg.allowNull;
  return `${receivedName(arg)}: ${nullable ? `${type} | null` : type}`;
}

function proxyClass(iface: Interface, context: EmitContext): string[] {
  const { imports, modules, protocol } = context;
  const typeName = pascalCase(iface.name);
  const self = `${typeName}Proxy`;
  const description = descriptionName(iface.name);
  imports.value('Proxy', modules.runtime('client/proxy'));
  imports.type('ClientInterface', modules.runtime('client/proxy'));
  imports.value(description, modules.generated(protocol.name, 'interfaces'));
  const body = [
    ...block(
      `static readonly interface: ClientInterface<${self}> =`,
      [
        `description: ${description},`,
        'make: (objects, id, version) =>',
        ...indent(
          list(`new ${self}(`, ['objects', `${self}.interface`, 'id', 'version'], '),', {
            depth: 3,
          }),
        ),
        ...dispatchMethod({ name: 'proxy', type: self }, iface.events, context),
      ],
      ';',
    ),
    ...iface.requests
      .filter(({ since }) => since > 1)
      .map(({ name, since }) => `static readonly ${camelCase(name)}Since = ${since};`),
    ...iface.requests.flatMap((request) => ['', ...requestMethod(request, iface, context)]),
  ];
  return [`/** ${iface.name}, to use. */`, ...block(classHead(self, `${typeName}Events`), body)];
}

function classHead(self: string, events: string): string {
  const line = `export class ${self} extends Proxy<${events}>`;
  return line.length + ' {'.length <= WIDTH ? line : line.replace(' extends', '\n  extends');
}

function requestMethod(request: Message, iface: Interface, context: EmitContext): string[] {
  const name = camelCase(request.name);
  const method = PROXY_MEMBERS.has(name) ? `${name}Request` : name;
  const created = request.args.find((arg) => arg.type === 'new_id');
  const generic = created !== undefined && untyped(created);
  if (generic) {
    context.imports.type('ClientInterface', context.modules.runtime('client/proxy'));
  }
  const result =
    created === undefined ? 'void' : generic ? 'P' : objectOf(created.interface, context);
  const parameters = request.args.flatMap((arg) => {
    if (arg.type !== 'new_id') return [`${sentName(arg)}: ${sentType(arg, iface, context)}`];
    return generic ? ['type: ClientInterface<P>', 'version: number'] : [];
  });
  return [
    ...versionComment(request.since, request.deprecatedSince),
    ...list(`${method}${generic ? '<P extends Proxy>' : ''}(`, parameters, `): ${result} {`, {
      depth: 1,
    }),
    ...indent(sendBody(request, 'this', context)),
    '}',
  ];
}
