/** Where generated files find the runtime and each other. */
import { kebabCase } from './names.ts';

export type ModuleKind = 'interfaces' | 'server' | 'client';

export interface ModuleNames {
  /** A file of protocols/, without extension: `wire/reader`. */
  runtime(path: string): string;
  /** A file of native/, without extension: `fd`. */
  native(path: string): string;
  /** A generated file of the protocol with this `name=`. */
  generated(protocol: string, kind: ModuleKind): string;
}

/** For our own files in protocols/generated/. */
export const OWN_MODULES: ModuleNames = {
  runtime: (path) => `../${path}.ts`,
  native: (path) => `../../native/${path}.ts`,
  generated: (protocol, kind) => `./${kebabCase(protocol)}.${kind}.ts`,
};

/**
 * For users' files: the package's (`exports` of package.json) for all but the protocols scanned together, which lie in one folder.
 */
export function userModules(scanned: ReadonlySet<string>, extension: 'js' | 'ts'): ModuleNames {
  return {
    runtime: (path) => `syncline/protocols/runtime/${path}`,
    native: (path) => `syncline/native/${path}`,
    generated: (protocol, kind) => {
      const base = `${kebabCase(protocol)}.${kind}`;
      return scanned.has(protocol) ? `./${base}.${extension}` : `syncline/protocols/${base}`;
    },
  };
}
