/** Writes the archive format the kernel unpacks as initramfs ("newc", Documentation/driver-api/early-userspace/buffer-format.rst). */

export interface CpioEntry {
  /** Without a leading slash. Parent folders come before what lies in them. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'program';
  /** Empty for folders. */
  readonly bytes?: Buffer;
}

const MODES = { folder: 0o040755, file: 0o100644, program: 0o100755 } as const;
const ALIGNMENT = 4;

/** All entries belong to root and carry no time: equal input gives equal bytes. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.map((entry, index) =>
    member(entry.path, MODES[entry.kind], entry.bytes ?? Buffer.alloc(0), index + 1),
  );
  return Buffer.concat([...parts, member('TRAILER!!!', 0, Buffer.alloc(0), 0)]);
}

function member(path: string, mode: number, bytes: Buffer, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(bytes)]);
}

function padded(bytes: Buffer): Buffer {
  const missing = (ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}
