/** Collects what a generated file needs from elsewhere, while it is emitted. */
import { list } from './code.ts';

export class Imports {
  readonly #modules = new Map<string, Map<string, boolean>>();

  /** A name used as a value. */
  value(name: string, module: string): string {
    this.#names(module).set(name, true);
    return name;
  }

  /** A name used as a type; a value import of the same name covers it. */
  type(name: string, module: string): string {
    const names = this.#names(module);
    if (!names.has(name)) names.set(name, false);
    return name;
  }

  lines(): string[] {
    return [...this.#modules]
      .toSorted(([a], [b]) => compare(a, b))
      .flatMap(([module, names]) => importLines(module, names));
  }

  #names(module: string): Map<string, boolean> {
    const names = this.#modules.get(module) ?? new Map<string, boolean>();
    this.#modules.set(module, names);
    return names;
  }
}

function importLines(module: string, names: ReadonlyMap<string, boolean>): string[] {
  const sorted = [...names].toSorted(([a], [b]) => compare(a, b));
  const typesOnly = sorted.every(([, isValue]) => !isValue);
  const items = sorted.map(([name, isValue]) => (isValue || typesOnly ? name : `type ${name}`));
  const head = typesOnly ? 'import type {' : 'import {';
  return list(head, items, `} from '${module}';`, { spaced: true });
}

/** By code units: the same everywhere, whatever the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
