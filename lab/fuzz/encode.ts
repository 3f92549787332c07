/** Steps → bytes. Nothing is checked: wrong lengths and values are the point. */
import type { FuzzArgument, FuzzBytes, FuzzMessage } from './input.ts';

/** The number a global is announced under; 0 for one there is not. */
export type GlobalNames = ReadonlyMap<string, number>;

/** The bytes of a step, in host order. */
export function encodeStep(step: FuzzMessage | FuzzBytes, globals: GlobalNames): Buffer {
  if (step.type === 'bytes') return Buffer.from(step.bytes, 'hex');
  const body = Buffer.concat(step.args.map((arg) => encodeArgument(arg, globals)));
  const header = Buffer.alloc(8);
  const sizeBytes = (step.sizeBytes ?? 8 + body.length) & 0xffff;
  header.writeUInt32LE(step.id >>> 0, 0);
  header.writeUInt32LE(((sizeBytes << 16) | (step.opcode & 0xffff)) >>> 0, 4);
  return Buffer.concat([header, body]);
}

function encodeArgument(arg: FuzzArgument, globals: GlobalNames): Buffer {
  if (typeof arg === 'number') return word(arg);
  if ('global' in arg) return word(globals.get(arg.global) ?? 0);
  if ('text' in arg) return sized(Buffer.from(`${arg.text}\0`));
  return sized(Buffer.from(arg.bytes, 'hex'));
}

function word(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value | 0);
  return buffer;
}

function sized(content: Buffer): Buffer {
  const padding = Buffer.alloc((4 - (content.length % 4)) % 4);
  return Buffer.concat([word(content.length), content, padding]);
}
