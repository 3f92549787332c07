/** What protocols/generated/ was made from: `generated/manifest.ts`, written with the bindings and read to check them. */
import { generatedFile, indent } from './code.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { Protocol } from './model.ts';
import type { XmlSource } from './sources.ts';

export interface ManifestInterface {
  readonly name: string;
  readonly version: number;
  /** Enum name → whether it is a bitfield. */
  readonly enums: Readonly<Record<string, boolean>>;
}

/** One protocol and the XML it came from. */
export interface ManifestEntry {
  readonly protocol: string;
  /** The XML's path below /usr/share. */
  readonly xml: string;
  /** Package and version. */
  readonly origin: string;
  /** Of the XML, hexadecimal. */
  readonly sha256: string;
  readonly interfaces: readonly ManifestInterface[];
}

export function manifestEntry(protocol: Protocol, source: XmlSource): ManifestEntry {
  return {
    protocol: protocol.name,
    xml: source.name,
    origin: source.origin,
    sha256: source.sha256,
    interfaces: protocol.interfaces.map(({ name, version, enums }) => ({
      name,
      version,
      enums: Object.fromEntries(enums.map((entry) => [entry.name, entry.bitfield])),
    })),
  };
}

/** Adds all interfaces of the manifest, for references to them from other XML. */
export function addManifest(table: InterfaceTable, entries: readonly ManifestEntry[]): void {
  for (const { protocol, interfaces } of entries) {
    for (const { name, version, enums } of interfaces) {
      table.add({ name, version, protocol, enums: new Map(Object.entries(enums)) });
    }
  }
}

/** The text of `manifest.ts`. */
export function emitManifest(entries: readonly ManifestEntry[]): string {
  return generatedFile('The XML these bindings were made from.', [
    ["import type { ManifestEntry } from '../scanner/manifest.ts';"],
    [
      'export const manifest: readonly ManifestEntry[] = [',
      ...indent(entries.flatMap(emitEntry)),
      '];',
    ],
  ]);
}

function emitEntry({ protocol, xml, origin, sha256, interfaces }: ManifestEntry): string[] {
  const lines = interfaces.map(({ name, version, enums }) => {
    const pairs = Object.entries(enums).map(([key, bitfield]) => `${key}: ${bitfield}`);
    const text = pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
    return `{ name: '${name}', version: ${version}, enums: ${text} },`;
  });
  return [
    '{',
    ...indent([
      `protocol: '${protocol}',`,
      `xml: '${xml}',`,
      `origin: '${origin}',`,
      `sha256: '${sha256}',`,
      'interfaces: [',
      ...indent(lines),
      '],',
    ]),
    '},',
  ];
}
