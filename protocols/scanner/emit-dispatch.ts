/** The `dispatch` function of an interface: one case an opcode, arguments read in place and passed on directly. */
import { definedIn, type EmitContext } from './argument-types.ts';
import { block, indent, list } from './code.ts';
import { camelCase, parameterName, pascalCase } from './names.ts';
import { untyped } from './signature.ts';
import type { Argument, Message } from './model.ts';

/** Names the generated function uses for itself. */
const TAKEN = 'resource proxy handler words reader at end opcode first kind'.split(' ');

/** The name of an argument in a handler's signature and in the dispatch function. */
export function receivedName(arg: Argument): string {
  return parameterName(arg.name, TAKEN);
}

/** The names of an untyped new_id's two extra arguments. */
export function untypedNames(arg: Argument): { interfaceName: string; version: string } {
  const name = camelCase(arg.name);
  return { interfaceName: `${name}Interface`, version: `${name}Version` };
}

/** The method, as a member of an object literal. `self`: `resource: WlSurfaceResource`. */
export function dispatchMethod(
  self: { readonly name: string; readonly type: string },
  messages: readonly Message[],
  context: EmitContext,
): string[] {
  if (messages.length === 0) return ['dispatch(): void {},'];
  const end = context.side === 'server' ? 'break;' : 'return;';
  const cases = messages.flatMap((message) =>
    block(`case ${message.opcode}:`, [...messageBody(message, self.name, context), end]),
  );
  return context.side === 'server'
    ? requestLoop(self.type, cases, context)
    : eventSwitch(self, cases, context);
}

/** The request at hand and those that follow it for objects of the same kind. */
function requestLoop(type: string, cases: readonly string[], context: EmitContext): string[] {
  const text = cases.join('\n');
  context.imports.type('RequestReader', context.modules.runtime('server/request-reader'));
  const names = ['at', 'end'].filter((name) => uses(text, name));
  const body = [
    'const { kind } = first;',
    ...(uses(text, 'words') ? ['const { words } = reader;'] : []),
    `let resource: ${type} | null = first;`,
    ...block('for (; resource !== null; resource = reader.next(kind))', [
      'const { handler } = resource;',
      ...(names.length > 0 ? [`const { ${names.join(', ')} } = reader;`] : []),
      ...block('switch (reader.opcode)', cases),
    ]),
  ];
  const head = list('dispatch(', [`first: ${type}`, 'reader: RequestReader'], '): void {', {
    depth: 1,
  });
  return [...head, ...indent(body), '},'];
}

function eventSwitch(
  self: { readonly name: string; readonly type: string },
  cases: readonly string[],
  context: EmitContext,
): string[] {
  const text = cases.join('\n');
  const body = [
    `const handler = ${self.name}.handler;`,
    ...(uses(text, 'words') ? ['const words = reader.words;'] : []),
    ...block('switch (opcode)', cases),
  ];
  // Parameters nobody reads are left out, from the last one on.
  const optional = ['reader: Reader', 'at: number', 'end: number'];
  while (optional.length > 0 && !uses(text, optional.at(-1) ?? '')) optional.pop();
  if (optional.length > 0) context.imports.type('Reader', context.modules.runtime('wire/reader'));
  const parameters = [`${self.name}: ${self.type}`, 'opcode: number', ...optional];
  const head = list('dispatch(', parameters, '): void {', { depth: 2 });
  return [...head, ...indent(body), '},'];
}

function uses(text: string, parameter: string): boolean {
  return new RegExp(`\\b${parameter.split(':')[0]}\\b`).test(text);
}

/** Reading and calling. Nothing can throw between taking a descriptor and the handler. */
function messageBody(message: Message, self: string, context: EmitContext): string[] {
  const { args, destructor } = message;
  const sequential = args.some(
    (arg) => arg.type === 'string' || arg.type === 'array' || untyped(arg),
  );
  const fdCount = args.filter((arg) => arg.type === 'fd').length;
  const wordCount = args.length - fdCount;
  const lines: string[] = [];
  const created: string[] = [];
  const call: string[] = [self];
  if (sequential) lines.push('reader.begin(at, end);');
  else if (wordCount > 0) lines.push(`reader.need(at, end, ${wordCount});`);
  let index = 0;
  for (const arg of args) {
    if (arg.type === 'fd') {
      call.push('reader.takeFd()');
      continue;
    }
    const name = receivedName(arg);
    const source = sequential ? sequentialRead(arg) : wordRead(index++, arg);
    if (untyped(arg)) {
      const { interfaceName, version } = untypedNames(arg);
      lines.push(`const ${interfaceName} = reader.string();`);
      lines.push(`const ${version} = reader.uint();`, `const ${name} = ${source};`);
      call.push(interfaceName, version, name);
    } else if (arg.type === 'new_id') {
      // Made when all else was read; a sequential id has to be read in its place.
      if (sequential) lines.push(`const ${name}New = ${source};`);
      const id = sequential ? `${name}New` : source;
      created.push(`const ${name} = ${newObject(arg, self, id, context)};`);
      call.push(name);
    } else if (arg.type === 'object') {
      lines.push(`const ${name} = ${lookup(arg, self, source, context)};`);
      call.push(name);
    } else if (sequential) {
      lines.push(`const ${name} = ${source};`);
      call.push(name);
    } else {
      if (arg.type === 'fixed') {
        context.imports.value('fixedToDouble', context.modules.runtime('wire/fixed'));
      }
      call.push(source);
    }
  }
  if (fdCount > 0) lines.push(`reader.needFds(${fdCount});`);
  lines.push(...created, ...handlerCall(message, call, fdCount, context));
  if (destructor) lines.push(`${self}.${context.side === 'server' ? 'destroy' : 'forget'}();`);
  return lines;
}

function handlerCall(
  message: Message,
  args: readonly string[],
  fdCount: number,
  { side }: EmitContext,
): string[] {
  const method = camelCase(message.name);
  const optional = side === 'client' ? '?.' : '';
  const depth = 5;
  if (fdCount === 0) return list(`handler?.${method}${optional}(`, args, ');', { depth });
  const drop = `reader.dropFds(${fdCount});`;
  return side === 'server'
    ? [`if (handler === null) ${drop}`, ...list(`else handler.${method}(`, args, ');', { depth })]
    : [
        ...list(`if (handler?.${method}) handler.${method}(`, args, ');', { depth }),
        `else ${drop}`,
      ];
}

function wordRead(index: number, arg: Argument): string {
  const word = index === 0 ? 'words[at]!' : `words[at + ${index}]!`;
  if (arg.type === 'int') return word;
  return arg.type === 'fixed' ? `fixedToDouble(${word})` : `${word} >>> 0`;
}

function sequentialRead(arg: Argument): string {
  switch (arg.type) {
    case 'int':
      return 'reader.int()';
    case 'fixed':
      return 'reader.fixed()';
    case 'string':
      return arg.allowNull ? 'reader.stringOrNull()' : 'reader.string()';
    case 'array':
      return 'reader.array()';
    case 'uint':
    case 'object':
    case 'new_id':
      return 'reader.uint()';
    case 'fd':
      return 'reader.takeFd()';
  }
}

/** The server's objects may be null only where the XML says so; the client's may have been destroyed meanwhile. */
function lookup(arg: Argument, self: string, id: string, context: EmitContext): string {
  const { imports, modules, side } = context;
  const nullable = side === 'server' && arg.allowNull;
  const kind = arg.interface === undefined ? 'anyObjectArgument' : 'objectArgument';
  const name = nullable ? `nullable${kind.charAt(0).toUpperCase()}${kind.slice(1)}` : kind;
  imports.value(name, modules.runtime(`${side}/arguments`));
  const type = arg.interface === undefined ? '' : `, ${typeValue(arg.interface, context)}`;
  return `${name}(${self}, ${id}${type})`;
}

function newObject(arg: Argument, self: string, id: string, context: EmitContext): string {
  const { imports, modules, side } = context;
  imports.value('newIdArgument', modules.runtime(`${side}/arguments`));
  return `newIdArgument(${self}, ${id}, ${typeValue(arg.interface ?? '', context)})`;
}

/** The value that stands for an interface: `WlBuffer` of a server, `WlBufferProxy.interface` of a client. */
function typeValue(interfaceName: string, context: EmitContext): string {
  const { imports, modules, side, protocol } = context;
  const name = pascalCase(interfaceName) + (side === 'server' ? '' : 'Proxy');
  const home = definedIn(interfaceName, context);
  if (home !== protocol.name) imports.value(name, modules.generated(home, side));
  return side === 'server' ? name : `${name}.interface`;
}
