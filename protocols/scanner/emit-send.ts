/** Bodies of functions that write one message: events of the server, requests of the client. */
import { definedIn, type EmitContext } from './argument-types.ts';
import { list } from './code.ts';
import { parameterName, pascalCase } from './names.ts';
import { untyped } from './signature.ts';
import type { Argument, Message } from './model.ts';

/** Names the generated function bodies use for themselves. */
const TAKEN = ['resource', 'proxy', 'tx', 'at', 'words', 'type', 'sizeBytes'];

/** The name of an argument in a send function. */
export function sentName(arg: Argument): string {
  return parameterName(arg.name, TAKEN);
}

/**
 * The statements that send `message` on `self` (`resource` or `this`). What can throw comes first: the size,
 * descriptors, new objects; then the words are stored in place.
 */
export function sendBody(message: Message, self: string, context: EmitContext): string[] {
  const { args, opcode } = message;
  const fds = args.filter((arg) => arg.type === 'fd');
  const created = args.find((arg) => arg.type === 'new_id');
  const words = args.filter((arg) => arg.type !== 'fd');
  const lines: string[] = [];
  const size = sizeExpression(words, context);
  const fixedSize = !size.includes('(');
  const checked = !fixedSize && (fds.length > 0 || created !== undefined);
  const writer = words.length + fds.length === 0 ? `${self}.writer` : 'tx';
  if (writer === 'tx') lines.push(`const tx = ${self}.writer;`);
  if (checked) lines.push(`const sizeBytes = tx.checkedSize(${size});`);
  // Before the object: an id that is never told leaves a gap, which the other side does not forgive.
  for (const fd of fds) lines.push(`tx.addFd(${sentName(fd)});`);
  if (created !== undefined) lines.push(...creation(created, self, context));
  const begin = `${writer}.begin(${self}.id, ${opcode}, ${checked ? 'sizeBytes' : size});`;
  if (words.length === 0) lines.push(begin);
  else if (fixedSize) lines.push(`const at = ${begin}`, ...storeWords(words, context));
  else lines.push(...storeSequence(begin, words, context));
  if (message.destructor) lines.push(self === 'this' ? 'this.forget();' : `${self}.destroy();`);
  if (created !== undefined) lines.push(`return ${sentName(created)};`);
  return lines;
}

function creation(arg: Argument, self: string, context: EmitContext): string[] {
  const name = sentName(arg);
  if (arg.interface === undefined) {
    return [`const ${name} = ${self}.objects.create(type, version, ${self}.queue);`];
  }
  const { imports, modules, side, protocol } = context;
  const typeName = pascalCase(arg.interface) + (side === 'server' ? '' : 'Proxy');
  const home = definedIn(arg.interface, context);
  if (home !== protocol.name) imports.value(typeName, modules.generated(home, side));
  return side === 'server'
    ? call(`const ${name} = ${self}.client.createResource(`, [typeName, `${self}.version`, '0'])
    : call(`const ${name} = ${self}.objects.create(`, [
        `${typeName}.interface`,
        `${self}.version`,
        `${self}.queue`,
      ]);
}

function call(head: string, args: readonly string[]): string[] {
  return list(head, args, ');', { depth: 2 });
}

/** Header, words, then what is measured at run time. */
function sizeExpression(args: readonly Argument[], { imports, modules }: EmitContext): string {
  const writer = modules.runtime('wire/writer');
  let fixed = 8;
  const measured: string[] = [];
  for (const arg of args) {
    if (arg.type === 'string') {
      measured.push(`${imports.value('stringBytes', writer)}(${sentName(arg)})`);
    } else if (arg.type === 'array') {
      measured.push(`${imports.value('arrayBytes', writer)}(${sentName(arg)})`);
    } else if (untyped(arg)) {
      measured.push(`${imports.value('stringBytes', writer)}(type.description.name)`);
      fixed += 8;
    } else fixed += 4;
  }
  return [String(fixed), ...measured].join(' + ');
}

function storeWords(args: readonly Argument[], context: EmitContext): string[] {
  const [only] = args;
  if (only !== undefined && args.length === 1) return [`tx.words[at] = ${word(only, context)};`];
  return [
    'const words = tx.words;',
    ...args.map((arg, index) => `words[${place(index)}] = ${word(arg, context)};`),
  ];
}

/** Strings and arrays give the index after them; it is kept only when something follows. */
function storeSequence(begin: string, args: readonly Argument[], context: EmitContext): string[] {
  const stores: { text: string; moves: boolean }[] = [];
  let offset = 0;
  const store = (value: string): void => {
    stores.push({ text: `tx.words[${place(offset++)}] = ${value};`, moves: false });
  };
  const move = (method: string, value: string): void => {
    stores.push({ text: `tx.${method}(${place(offset)}, ${value});`, moves: true });
    offset = 0;
  };
  for (const arg of args) {
    if (arg.type === 'string' || arg.type === 'array') move(arg.type, sentName(arg));
    else if (untyped(arg)) {
      move('string', 'type.description.name');
      store('version');
      store(`${sentName(arg)}.id`);
    } else store(word(arg, context));
  }
  const last = stores.length - 1;
  const moved = stores.some(({ moves }, index) => moves && index < last);
  return [
    `${moved ? 'let' : 'const'} at = ${begin}`,
    ...stores.map(({ text, moves }, index) => (moves && index < last ? `at = ${text}` : text)),
  ];
}

function place(index: number): string {
  return index === 0 ? 'at' : `at + ${index}`;
}

function word(arg: Argument, { imports, modules }: EmitContext): string {
  const name = sentName(arg);
  switch (arg.type) {
    case 'fixed':
      return `${imports.value('doubleToFixed', modules.runtime('wire/fixed'))}(${name})`;
    case 'object':
      return arg.allowNull ? `${name} === null ? 0 : ${name}.id` : `${name}.id`;
    case 'new_id':
      return `${name}.id`;
    case 'int':
    case 'uint':
    case 'string':
    case 'array':
    case 'fd':
      return name;
  }
}
