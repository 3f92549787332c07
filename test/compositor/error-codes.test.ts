/** Every error code of every interface a client can get is named by a test that provokes it, or cannot be provoked. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { InterfaceDescription } from '../../protocols/wire/interface-description.ts';
import { withDesktop } from '../support/desktop-fixture.ts';

/** Codes no client can get from us, and why. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  'WlShmError.invalidFormat':
    'no request of wl_shm has a format; its pools say it, with the same number',
  'WpPresentationError.invalidTimestamp': 'no request of wp_presentation has a timestamp',
  'WpPresentationError.invalidFlag': 'no request of wp_presentation has flags',
  'WpSecurityContextManagerV1Error.nested': 'the manager is not shown to clients in a sandbox',
  'XdgWmBaseError.unresponsive': 'nobody is pinged',
};

const HERE = dirname(fileURLToPath(import.meta.url));
const GENERATED = join(HERE, '../../protocols/generated');

interface Generated {
  readonly interfaces: ReadonlyMap<string, InterfaceDescription>;
  /** "WlSurfaceError" and its entries. */
  readonly enums: ReadonlyMap<string, readonly string[]>;
}

async function loadGenerated(): Promise<Generated> {
  const interfaces = new Map<string, InterfaceDescription>();
  const enums = new Map<string, readonly string[]>();
  const files = readdirSync(GENERATED).filter((file) => file.endsWith('.interfaces.ts'));
  for (const file of files) {
    const module = (await import(join(GENERATED, file))) as Record<string, object>;
    for (const [name, value] of Object.entries(module)) {
      if (name.endsWith('Error')) enums.set(name, Object.keys(value));
      if (!name.endsWith('Interface')) continue;
      const description = value as InterfaceDescription;
      interfaces.set(description.name, description);
    }
  }
  return { interfaces, enums };
}

/** Those of the globals and of all that is made from them. */
function reachableFrom(
  globals: readonly string[],
  interfaces: ReadonlyMap<string, InterfaceDescription>,
): Set<string> {
  const reachable = new Set<string>();
  const open = ['wl_display', ...globals];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const description = interfaces.get(name);
    if (!description || reachable.has(name)) continue;
    reachable.add(name);
    for (const { signature, types } of [...description.requests, ...description.events]) {
      const made = types.filter((_, index) => signature.replaceAll('?', '')[index] === 'n');
      open.push(...made.filter((type) => type !== null));
    }
  }
  return reachable;
}

function testSources(): string {
  const folder = join(HERE, '..');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith('error-codes.test.ts'))
    .map((file) => withoutAliases(readFileSync(join(folder, file), 'utf8')))
    .join('\n');
}

/** `import { WlSurfaceError as E }`: E.invalidScale is WlSurfaceError.invalidScale. */
function withoutAliases(source: string): string {
  let text = source;
  for (const [, name, alias] of source.matchAll(/\b(\w+Error) as (\w+)/g)) {
    text = text.replaceAll(new RegExp(`\\b${alias}\\.`, 'g'), `${name}.`);
  }
  return text;
}

const enumName = (interfaceName: string): string =>
  `${interfaceName.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}Error`;

const snakeCase = (entry: string): string =>
  entry.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** As `WlSurfaceError.invalidScale`, or as `wl_surface.invalid_scale` in a test's name. */
function isNamed(sources: string, interfaceName: string, entry: string): boolean {
  const names = [
    `${enumName(interfaceName)}\\.${entry}`,
    `${interfaceName}\\.${snakeCase(entry)}`,
    // As the tests of the wire call them.
    ...(interfaceName === 'wl_display' ? [snakeCase(entry).toUpperCase()] : []),
  ];
  return names.some((name) => new RegExp(`\\b${name}\\b`).test(sources));
}

test('each error code has a test, or a reason why it has none', async () => {
  const { interfaces, enums } = await loadGenerated();
  const globals: string[] = [];
  withDesktop({ gpus: 1 }, (fixture) => {
    const { registry } = fixture.connect().display;
    for (const { interface: name } of registry.globals.values()) globals.push(name);
  });
  const sources = testSources();
  const untested: string[] = [];
  const needless = new Set(Object.keys(UNREACHABLE));
  for (const name of reachableFrom(globals, interfaces)) {
    for (const entry of enums.get(enumName(name)) ?? []) {
      const code = `${enumName(name)}.${entry}`;
      const named = isNamed(sources, name, entry);
      if (!named && !needless.delete(code)) untested.push(code);
    }
  }
  expect(untested).toEqual([]);
  expect([...needless]).toEqual([]);
});
