/** Finds the modules that a program needs. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { BundledModule } from './bundle.ts';
import { moduleText, type ModuleText } from './module-text.ts';

/**
 * The modules below `folder` that `entries` import, and theirs, in the order in which they are met; those that are imported dynamically
 * where `followsDynamic` says so of the importer. Throws for a module that cannot be bundled.
 */
export function linkModules(
  folder: string,
  entries: readonly string[],
  followsDynamic: (name: string) => boolean,
): BundledModule[] {
  const linked = new Map<string, string>();
  const link = (name: string): void => {
    if (linked.has(name)) return;
    linked.set(name, '');
    const source = readFileSync(join(folder, name), 'utf8');
    const resolve = (specifier: string): string =>
      specifier.startsWith('.') ? posix.join(posix.dirname(name), specifier) : specifier;
    const { text, imports, dynamicImports } = textOf(name, source, resolve);
    linked.set(name, text);
    const reached = followsDynamic(name) ? [...imports, ...dynamicImports] : imports;
    for (const imported of reached) if (isOurs(imported)) link(imported);
  };
  for (const entry of entries) link(entry);
  return [...linked].map(([name, text]) => ({ name, text }));
}

function textOf(name: string, source: string, resolve: (specifier: string) => string): ModuleText {
  try {
    return moduleText(source, resolve);
  } catch (error) {
    throw new Error(`${name} cannot be bundled`, { cause: error });
  }
}

/** Others are packages and Node's own. */
function isOurs(name: string): boolean {
  return name.endsWith('.js');
}
