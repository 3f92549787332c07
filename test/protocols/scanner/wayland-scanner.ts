/** The official scanner as an oracle: runs `wayland-scanner private-code` and reads the interfaces out of its C. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  InterfaceDescription,
  MessageDescription,
} from '../../../protocols/wire/interface-description.ts';

/** What the official scanner said to an XML file. `code` is empty when it refused. */
export interface ScannerRun {
  readonly accepted: boolean;
  readonly code: string;
  readonly messages: string;
}

/** Feeds `xml` to the scanner. It reads its input twice, so it has to be a file. Throws when it cannot be run at all. */
export function runWaylandScanner(scanner: string, xml: string): ScannerRun {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-oracle-'));
  try {
    const [input, output] = [join(folder, 'in.xml'), join(folder, 'out.c')];
    writeFileSync(input, xml);
    const result = spawnSync(scanner, ['private-code', input, output], { encoding: 'utf8' });
    if (result.error) throw result.error;
    const accepted = result.status === 0;
    return {
      accepted,
      code: accepted ? readFileSync(output, 'utf8') : '',
      messages: result.stderr,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The interfaces of private code, as descriptions without `destructor` (C has none). */
export function readPrivateCode(code: string): InterfaceDescription[] {
  const types = readTypes(code);
  const messages = readMessages(code, types);
  const interfaces =
    /const struct wl_interface \w+_interface = \{\s*"(\w+)", (\d+),\s*(\d+), (\w+),\s*(\d+), (\w+),\s*\};/g;
  return [...code.matchAll(interfaces)].map(
    ([, name = '', version, requestCount, requests = '', eventCount, events = '']) => ({
      name,
      version: Number(version),
      requests: listed(messages, requests, Number(requestCount)),
      events: listed(messages, events, Number(eventCount)),
    }),
  );
}

/** The one table of argument types; messages point into it. */
function readTypes(code: string): (string | null)[] {
  const table = /static const struct wl_interface \*\w+_types\[\] = \{([^}]*)\}/.exec(code)?.[1];
  if (table === undefined) throw new Error('no types table in the private code');
  return table
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => (item === 'NULL' ? null : item.replace(/^&/, '').replace(/_interface$/, '')));
}

function readMessages(
  code: string,
  types: readonly (string | null)[],
): Map<string, MessageDescription[]> {
  const lists = new Map<string, MessageDescription[]>();
  const list = /static const struct wl_message (\w+)\[\] = \{([\s\S]*?)\n\};/g;
  for (const [, name = '', body = ''] of code.matchAll(list)) {
    const items = [...body.matchAll(/\{ "(\w+)", "([^"]*)", \w+_types \+ (\d+) \}/g)];
    lists.set(
      name,
      items.map(([, messageName = '', signature = '', offset]) => {
        return {
          name: messageName,
          signature,
          types: readMessageTypes(signature, types, Number(offset)),
        };
      }),
    );
  }
  return lists;
}

/**
 * The scanner gives an untyped new_id, three letters, one place in its table, so that what follows is off by two. In real
 * protocols nothing follows; such messages get no types here.
 */
export function readMessageTypes(
  signature: string,
  types: readonly (string | null)[],
  offset: number,
): (string | null)[] {
  const count = signature.replaceAll(/[0-9?]/g, '').length;
  if (signature.includes('sun')) return Array.from({ length: count }, () => null);
  return types.slice(offset, offset + count);
}

function listed(
  lists: ReadonlyMap<string, MessageDescription[]>,
  name: string,
  count: number,
): MessageDescription[] {
  const list = name === 'NULL' ? [] : lists.get(name);
  if (list?.length !== count)
    throw new Error(`${name} does not have the ${count} messages it should`);
  return list;
}
