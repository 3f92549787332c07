/** `<protocol>.interfaces.ts`: descriptions of the interfaces and their enums; data, no code. */
import { block, generatedFile, list, versionComment, WIDTH } from './code.ts';
import { descriptionName, enumName, objectKey } from './names.ts';
import { signature, signatureTypes } from './signature.ts';
import type { ModuleNames } from './module-names.ts';
import type { Entry, Enum, Interface, Message, Protocol } from './model.ts';

/** The text of the file. */
export function emitInterfaces(protocol: Protocol, modules: ModuleNames): string {
  const parts: string[][] = [
    [
      `import type { InterfaceDescription } from '${modules.runtime('wire/interface-description')}';`,
    ],
  ];
  for (const iface of protocol.interfaces) {
    parts.push(description(iface));
    for (const entry of iface.enums) parts.push(enumDeclaration(iface.name, entry));
  }
  return generatedFile(`Interfaces of ${protocol.name}.`, parts);
}

function description({ name, version, requests, events }: Interface): string[] {
  return [
    `/** ${name}, version ${version}. */`,
    ...block(
      `export const ${descriptionName(name)}: InterfaceDescription =`,
      [
        `name: '${name}',`,
        `version: ${version},`,
        ...messages('requests', requests),
        ...messages('events', events),
      ],
      ';',
    ),
  ];
}

function messages(key: string, all: readonly Message[]): string[] {
  if (all.length === 0) return [`${key}: [],`];
  return [`${key}: [`, ...all.flatMap(message).map((line) => `  ${line}`), '],'];
}

function message(entry: Message): string[] {
  const types = signatureTypes(entry).map((type) => (type === null ? 'null' : `'${type}'`));
  const fields = [
    `name: '${entry.name}'`,
    `signature: '${signature(entry)}'`,
    `types: [${types.join(', ')}]`,
    ...(entry.destructor ? ['destructor: true'] : []),
  ];
  return list('{', fields, '},', { depth: 2, spaced: true });
}

function enumDeclaration(
  interfaceName: string,
  { name, since, bitfield, entries }: Enum,
): string[] {
  const typeName = enumName(interfaceName, name);
  const about = `${interfaceName}.${name}${bitfield ? ', a bitfield' : ''}`;
  return [
    since > 1 ? `/** ${about} @since ${since} */` : `/** ${about} */`,
    ...block(`export const ${typeName} =`, entries.flatMap(enumEntry), ' as const;'),
    ...(bitfield || entries.length === 0
      ? [`export type ${typeName} = number;`]
      : valueType(typeName)),
  ];
}

function valueType(typeName: string): string[] {
  const line = `export type ${typeName} = (typeof ${typeName})[keyof typeof ${typeName}];`;
  if (line.length <= WIDTH) return [line];
  return [`export type ${typeName} =`, `  (typeof ${typeName})[keyof typeof ${typeName}];`];
}

function enumEntry({ name, value, hexadecimal, since, deprecatedSince }: Entry): string[] {
  const text = hexadecimal ? `0x${value.toString(16)}` : String(value);
  return [...versionComment(since, deprecatedSince), `${objectKey(name)}: ${text},`];
}
