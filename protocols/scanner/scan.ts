/** XML files → generated files, in memory: parse all, check all, emit each. */
import { check } from './check.ts';
import { ScanError, type Diagnostic } from './diagnostic.ts';
import { emitClient } from './emit-client.ts';
import { emitInterfaces } from './emit-interfaces.ts';
import { emitServer } from './emit-server.ts';
import { InterfaceTable } from './interface-table.ts';
import { addManifest, type ManifestEntry } from './manifest.ts';
import type { ModuleNames } from './module-names.ts';
import { kebabCase } from './names.ts';
import { parse } from './parse.ts';
import type { Protocol } from './model.ts';
import type { XmlSource } from './sources.ts';

/** One file to write. */
export interface GeneratedFile {
  /** Without folder. */
  readonly name: string;
  readonly text: string;
}

/** XML files that passed all checks. */
export interface Scan {
  readonly protocols: readonly Protocol[];
  /** Their interfaces, and those they may refer to. */
  readonly table: InterfaceTable;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Parses and checks. The files may refer to each other in any order, and to the protocols of `known`. Throws
 * {@link ScanError} with the errors of all files.
 */
export function scan(sources: readonly XmlSource[], known: readonly ManifestEntry[]): Scan {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const protocols: Protocol[] = [];
  for (const { text, path } of sources) {
    try {
      const parsed = parse(text, path);
      protocols.push(parsed.protocol);
      warnings.push(...parsed.warnings);
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      errors.push(...error.diagnostics);
    }
  }
  errors.push(...sameFileNames(protocols));
  const table = new InterfaceTable();
  for (const protocol of protocols) table.addProtocol(protocol);
  addManifest(table, known);
  // A file that did not parse leaves holes that others would complain about.
  if (errors.length === 0) {
    for (const diagnostic of protocols.flatMap((protocol) => check(protocol, table))) {
      (diagnostic.severity === 'error' ? errors : warnings).push(diagnostic);
    }
  }
  if (errors.length > 0) throw new ScanError(errors);
  return { protocols, table, warnings };
}

/** The three files of a protocol that passed {@link scan}. */
export function emit(
  protocol: Protocol,
  table: InterfaceTable,
  modules: ModuleNames,
): GeneratedFile[] {
  const texts = [
    emitInterfaces(protocol, modules),
    emitServer(protocol, table, modules),
    emitClient(protocol, table, modules),
  ];
  return fileNames(protocol.name).map((name, index) => ({ name, text: texts[index] ?? '' }));
}

/** The names of the three files. */
export function fileNames(protocolName: string): string[] {
  const base = kebabCase(protocolName);
  return [`${base}.interfaces.ts`, `${base}.server.ts`, `${base}.client.ts`];
}

function sameFileNames(protocols: readonly Protocol[]): Diagnostic[] {
  const first = new Map<string, Protocol>();
  return protocols.flatMap((protocol): Diagnostic[] => {
    const base = kebabCase(protocol.name);
    const other = first.get(base);
    if (other === undefined) {
      first.set(base, protocol);
      return [];
    }
    const message = `protocol ${protocol.name} is already defined in ${other.position.file}`;
    return [{ severity: 'error', position: protocol.position, message }];
  });
}
