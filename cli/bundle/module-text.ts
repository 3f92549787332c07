/**
 * Turns a compiled module into a function, so that it can be run without Node's module loader.
 *
 * It knows what tsc makes of the modules of this project, and no more: imports by name, declarations that are exported where they
 * stand, no `export let`, no top-level await, no cycles (CONTRIBUTING.md, the linter). Anything else throws: nothing is guessed.
 */

export interface ModuleText {
  /**
   * An expression: a function of `$require` (exports of a module), `$import` (the same as a Promise) and `$url` (what
   * import.meta.url is), which runs the module and returns its exports. Its lines are those of the module.
   */
  readonly text: string;
  /** The modules it imports, as `resolve` named them. */
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
}

const IMPORT = /^import (?:\{([^}]*)\} from )?(['"])([^'"]+)\2;/gm;
const DYNAMIC_IMPORT = /(?<![.#\w])import\((['"])([^'"]+)\1\)/g;
const EXPORTED_DECLARATION = /^export ((?:async )?function\*?|class|const) (\w+)/gm;
const EXPORT_LIST = /^export \{([^}]*)\}(?: from (['"])([^'"]+)\2)?;/gm;
const LEFT_OVER = /^(?:import|export)\b.*/m;
const SOURCE_MAP = /^\/\/# sourceMappingURL=.*$/m;

/**
 * `resolve` turns a specifier into the name by which the module is asked for. Throws for a form of import or export it
 * does not know.
 */
export function moduleText(source: string, resolve: (specifier: string) => string): ModuleText {
  const imports: string[] = [];
  const dynamicImports: string[] = [];
  const exported: string[] = [];
  const addedTo = (list: string[], specifier: string): string => {
    const name = resolve(specifier);
    list.push(name);
    return JSON.stringify(name);
  };
  const body = source
    .replace(SOURCE_MAP, '')
    .replace(IMPORT, (_, names: string | undefined, _quote, specifier: string) => {
      const required = `$require(${addedTo(imports, specifier)});`;
      return names === undefined
        ? required
        : `const {${names.replace(/ as /g, ': ')}} = ${required}`;
    })
    .replace(EXPORTED_DECLARATION, (_, kind: string, name: string) => {
      exported.push(name);
      return `${kind} ${name}`;
    })
    .replace(EXPORT_LIST, (_, names: string, _quote, specifier: string | undefined) => {
      const from = specifier === undefined ? '' : `$require(${addedTo(imports, specifier)}).`;
      for (const [local, name] of listed(names)) exported.push(`${name}: ${from}${local}`);
      return '';
    })
    .replace(
      DYNAMIC_IMPORT,
      (_, _quote, specifier: string) => `$import(${addedTo(dynamicImports, specifier)})`,
    )
    .replaceAll('import.meta.url', '$url()');
  const unknown = LEFT_OVER.exec(body);
  if (unknown) throw new Error(`this form of import or export is not known: ${unknown[0]}`);
  const text = `(function ($require, $import, $url) { 'use strict'; ${body}\nreturn { ${exported.join(', ')} };\n})`;
  return { text: inAscii(text), imports, dynamicImports };
}

/** `a, b as c` as pairs of the local and the exported name. */
function listed(names: string): [string, string][] {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => {
      const [local = '', exported = local] = name.split(' as ');
      return [local, exported];
    });
}

/** V8 keeps such a text in one byte a character, and it is read as it lies in the file. In comments the escapes mean nothing. */
function inAscii(text: string): string {
  return text.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
