/** Several modules in one file: a comment in front of each names it, for stack traces have the lines of the joined file. */
import { renameSync, writeFileSync } from 'node:fs';
import { rolldown, type Plugin } from 'rolldown';

export interface JoinedModules {
  readonly code: string;
  /** Paths of those that are in it. */
  readonly modules: readonly string[];
}

/** What `input`, a path, can reach, as CommonJS; the addon stays outside. */
export async function joinModules(
  input: string,
  plugins: readonly Plugin[] = [],
): Promise<JoinedModules> {
  const bundle = await rolldown({
    input,
    platform: 'node',
    external: ['#native'],
    plugins: [...plugins],
  });
  try {
    const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false });
    return { code: output[0].code, modules: output[0].moduleIds };
  } finally {
    await bundle.close();
  }
}

/** Whole or not at all: others may be reading it. */
export function writeWhole(file: string, content: string | Buffer): void {
  const draft = `${file}-${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}
