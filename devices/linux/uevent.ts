/** Device events as they come out of a NETLINK_KOBJECT_UEVENT socket, in the kernel's format and in udevd's. */

export interface Uevent {
  /** Who says so: the kernel at once, udevd after it has run its rules (permissions, links). */
  readonly source: 'kernel' | 'udev';
  /** "add", "remove", "change", "bind", "unbind"… */
  readonly action: string;
  /** Below /sys: "/devices/pci0000:00/0000:00:05.0/virtio1/drm/renderD128". */
  readonly devpath: string;
  /** All keys, as SUBSYSTEM, DEVTYPE, DEVNAME ("dri/renderD128"), MAJOR, MINOR. */
  readonly properties: ReadonlyMap<string, string>;
}

/** "libudev" and its terminating zero open a datagram of udevd. */
const UDEV_PREFIX = Buffer.from('libudev\0', 'latin1');
const UDEV_MAGIC = 0xfeedcafe;
const UDEV_MAGIC_OFFSET = 8;
const UDEV_PROPERTIES_OFFSET = 16;
const UDEV_PROPERTIES_LENGTH = 20;
const UDEV_HEADER_BYTES = 40;

/** Parses one datagram. Undefined when it is neither format, or torn. */
export function parseUevent(datagram: Uint8Array): Uevent | undefined {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (bytes.subarray(0, UDEV_PREFIX.length).equals(UDEV_PREFIX)) return parseUdev(bytes);
  return parseKernel(bytes);
}

/** `ACTION@DEVPATH\0KEY=VALUE\0…` (lib/kobject_uevent.c). */
function parseKernel(bytes: Buffer): Uevent | undefined {
  const [head, ...pairs] = bytes.toString('utf8').split('\0');
  const at = head?.indexOf('@') ?? -1;
  if (head === undefined || at <= 0) return undefined;
  const properties = parseProperties(pairs);
  return toUevent('kernel', properties, head.slice(0, at), head.slice(at + 1));
}

/**
 * A header of 40 bytes, then `KEY=VALUE\0…`. The magic is big-endian, the rest in the machine's order (little-endian on all
 * we run on): prefix[8], magic, header size, properties' offset, their length, four hashes for socket filters.
 */
function parseUdev(bytes: Buffer): Uevent | undefined {
  if (bytes.length < UDEV_HEADER_BYTES) return undefined;
  if (bytes.readUInt32BE(UDEV_MAGIC_OFFSET) !== UDEV_MAGIC) return undefined;
  const offset = bytes.readUInt32LE(UDEV_PROPERTIES_OFFSET);
  const length = bytes.readUInt32LE(UDEV_PROPERTIES_LENGTH);
  if (offset < UDEV_HEADER_BYTES || offset + length > bytes.length) return undefined;
  const text = bytes.toString('utf8', offset, offset + length);
  return toUevent('udev', parseProperties(text.split('\0')), undefined, undefined);
}

function toUevent(
  source: Uevent['source'],
  properties: Map<string, string>,
  headAction: string | undefined,
  headDevpath: string | undefined,
): Uevent | undefined {
  const action = properties.get('ACTION') ?? headAction;
  const devpath = properties.get('DEVPATH') ?? headDevpath;
  if (!action || !devpath?.startsWith('/')) return undefined;
  return { source, action, devpath, properties };
}

function parseProperties(pairs: readonly string[]): Map<string, string> {
  const properties = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals > 0) properties.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return properties;
}
