/** Our bindings against the official scanner: every interface of every XML file at hand. */
import { expect, test } from 'vitest';
import { manifest } from '../../../protocols/generated/manifest.ts';
import { kebabCase, descriptionName } from '../../../protocols/scanner/names.ts';
import { ScanError } from '../../../protocols/scanner/diagnostic.ts';
import { parse } from '../../../protocols/scanner/parse.ts';
import { scan } from '../../../protocols/scanner/scan.ts';
import { signature, signatureTypes } from '../../../protocols/scanner/signature.ts';
import type { Interface, Message } from '../../../protocols/scanner/model.ts';
import type { XmlSource } from '../../../protocols/scanner/sources.ts';
import type {
  InterfaceDescription,
  MessageDescription,
} from '../../../protocols/wire/interface-description.ts';
import { mutateXml } from './mutate-xml.ts';
import { readMessageTypes, readPrivateCode, runWaylandScanner } from './wayland-scanner.ts';
import { xmlAtHand } from './xml-at-hand.ts';

const { sources, scanner = '', missing } = xmlAtHand();
const skip = missing !== '';
/** Hundreds of processes, on a machine that may be busy. */
const TIMEOUT_MS = 120_000;
const because = skip ? ` — skipped: ${missing}` : '';

/** By name: the official scanner sorts nothing, but order between interfaces means nothing either. */
function byName(interfaces: readonly InterfaceDescription[]): InterfaceDescription[] {
  return interfaces.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function modelMessage(message: Message): MessageDescription {
  const letters = signature(message);
  return {
    name: message.name,
    signature: letters,
    types: readMessageTypes(letters, signatureTypes(message), 0),
  };
}

function modelDescription({ name, version, requests, events }: Interface): InterfaceDescription {
  return { name, version, requests: requests.map(modelMessage), events: events.map(modelMessage) };
}

/** C has no word for destructors. */
function withoutDestructors(description: InterfaceDescription): InterfaceDescription {
  const plain = ({ name, signature: letters, types }: MessageDescription): MessageDescription => ({
    name,
    signature: letters,
    types,
  });
  return {
    name: description.name,
    version: description.version,
    requests: description.requests.map(plain),
    events: description.events.map(plain),
  };
}

/** The committed descriptions of a protocol. */
async function committed(protocol: string): Promise<InterfaceDescription[]> {
  const entry = manifest.find((other) => other.protocol === protocol);
  const module = (await import(
    `../../../protocols/generated/${kebabCase(protocol)}.interfaces.ts`
  )) as Record<string, InterfaceDescription>;
  return (entry?.interfaces ?? []).map(({ name }) => {
    const description = module[descriptionName(name)];
    if (description === undefined) throw new Error(`no description of ${name}`);
    return description;
  });
}

test.skipIf(skip)(
  `names, opcodes, signatures, versions and types equal wayland-scanner's${because}`,
  async ({ annotate }) => {
    const count = { files: 0, interfaces: 0, messages: 0, committed: 0 };
    for (const { text, path, sha256 } of sources) {
      const theirs = byName(readPrivateCode(runWaylandScanner(scanner, text).code));
      const { protocol } = parse(text, path);
      expect(byName(protocol.interfaces.map(modelDescription)), path).toEqual(theirs);
      if (manifest.some((entry) => entry.sha256 === sha256)) {
        const ours = (await committed(protocol.name)).map(withoutDestructors);
        expect(byName(ours), path).toEqual(theirs);
        count.committed += ours.length;
      }
      count.files++;
      count.interfaces += theirs.length;
      for (const { requests, events } of theirs) count.messages += requests.length + events.length;
    }
    const said = `compared ${count.interfaces} interfaces with ${count.messages} messages of ${count.files} XML files; ${count.committed} of them as committed`;
    console.log(said);
    await annotate(said);
    expect(count.interfaces).toBeGreaterThan(100);
  },
  TIMEOUT_MS,
);

test.skipIf(skip)(
  `what wayland-scanner refuses, we refuse; what both take, both read alike${because}`,
  async ({ annotate }) => {
    const count = { refusedByBoth: 0, refusedByUs: 0, alike: 0 };
    const small = sources.filter(({ text }) => text.length < 20_000);
    for (let seed = 0; seed < 400; seed++) {
      const source = small[seed % small.length] as XmlSource;
      const text = mutateXml(source.text, seed);
      const theirs = runWaylandScanner(scanner, text);
      const ours = scanned({ ...source, text });
      if (!theirs.accepted) {
        expect(ours, `seed ${seed}: ${theirs.messages}`).toBeInstanceOf(ScanError);
        count.refusedByBoth++;
      } else if (ours instanceof ScanError) count.refusedByUs++;
      else {
        const read = byName(readPrivateCode(theirs.code));
        expect(byName(ours.map(modelDescription)), `seed ${seed}`).toEqual(read);
        count.alike++;
      }
    }
    const said = `mutated XML: ${count.alike} read alike, ${count.refusedByBoth} refused by both, ${count.refusedByUs} by us alone`;
    console.log(said);
    await annotate(said);
    expect(count.refusedByBoth).toBeGreaterThan(40);
    expect(count.alike).toBeGreaterThan(40);
  },
  TIMEOUT_MS,
);

function scanned(source: XmlSource): readonly Interface[] | ScanError {
  try {
    return scan([source], manifest).protocols.flatMap(({ interfaces }) => interfaces);
  } catch (error) {
    if (error instanceof ScanError) return error;
    throw error;
  }
}
