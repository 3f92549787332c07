import { expect, test } from 'vitest';
import { deviceIdOf } from '../../../devices/linux/device-id.ts';
import { parseUevent } from '../../../devices/linux/uevent.ts';

const RENDER_DEVPATH = '/devices/pci0000:00/0000:00:05.0/virtio1/drm/renderD131';
/** As read from a netlink socket when a GPU was pulled out of a Linux 7.3 guest. */
const KERNEL_REMOVE = [
  `remove@${RENDER_DEVPATH}`,
  'ACTION=remove',
  `DEVPATH=${RENDER_DEVPATH}`,
  'SUBSYSTEM=drm',
  'MAJOR=226',
  'MINOR=131',
  'DEVNAME=dri/renderD131',
  'DEVTYPE=drm_minor',
  'SEQNUM=2042',
  '',
].join('\0');
const UDEV_PROPERTIES = KERNEL_REMOVE.slice(KERNEL_REMOVE.indexOf('\0') + 1).replace(
  'remove',
  'add',
);

function udevDatagram(properties: string, change: (header: Buffer) => void = () => {}): Buffer {
  const header = Buffer.alloc(40);
  header.write('libudev\0', 'latin1');
  header.writeUInt32BE(0xfeedcafe, 8);
  header.writeUInt32LE(40, 12);
  header.writeUInt32LE(40, 16);
  header.writeUInt32LE(properties.length, 20);
  change(header);
  return Buffer.concat([header, Buffer.from(properties, 'latin1')]);
}

test('a datagram of the kernel', () => {
  const uevent = parseUevent(Buffer.from(KERNEL_REMOVE, 'latin1'));
  expect(uevent).toMatchObject({ source: 'kernel', action: 'remove', devpath: RENDER_DEVPATH });
  expect(uevent?.properties.get('DEVNAME')).toBe('dri/renderD131');
  expect(uevent?.properties.get('MINOR')).toBe('131');
});

test('a datagram of the kernel inside a larger buffer', () => {
  const bytes = Buffer.concat([Buffer.alloc(7, 1), Buffer.from(KERNEL_REMOVE, 'latin1')]);
  expect(parseUevent(bytes.subarray(7))?.action).toBe('remove');
});

test('a kernel datagram without keys is described by its first line', () => {
  expect(parseUevent(Buffer.from('offline@/devices/x\0'))).toMatchObject({
    action: 'offline',
    devpath: '/devices/x',
  });
});

test('a value may contain an equals sign', () => {
  const uevent = parseUevent(Buffer.from('add@/devices/x\0MODALIAS=of:a=b\0'));
  expect(uevent?.properties.get('MODALIAS')).toBe('of:a=b');
});

test('a datagram of udevd', () => {
  const uevent = parseUevent(udevDatagram(UDEV_PROPERTIES));
  expect(uevent).toMatchObject({ source: 'udev', action: 'add', devpath: RENDER_DEVPATH });
  expect(uevent?.properties.get('SUBSYSTEM')).toBe('drm');
});

test('properties of udevd stand where its header says', () => {
  const shifted = udevDatagram(`padding\0${UDEV_PROPERTIES}`, (header) => {
    header.writeUInt32LE(48, 16);
    header.writeUInt32LE(UDEV_PROPERTIES.length, 20);
  });
  expect(parseUevent(shifted)?.action).toBe('add');
});

test.each<[string, Uint8Array]>([
  ['empty', new Uint8Array(0)],
  ['no action', Buffer.from('@/devices/x\0')],
  ['no at sign', Buffer.from('hello\0WORLD=1\0')],
  ['no absolute path', Buffer.from('add@devices/x\0')],
  ['udev header cut off', udevDatagram('').subarray(0, 39)],
  ['udev magic wrong', udevDatagram(UDEV_PROPERTIES, (header) => header.writeUInt32BE(1, 8))],
  [
    'udev properties inside the header',
    udevDatagram(UDEV_PROPERTIES, (header) => header.writeUInt32LE(8, 16)),
  ],
  [
    'udev properties past the end',
    udevDatagram(UDEV_PROPERTIES, (header) => header.writeUInt32LE(9999, 20)),
  ],
  ['udev without properties', udevDatagram('')],
])('not an event: %s', (_name, bytes) => {
  expect(parseUevent(bytes)).toBeUndefined();
});

test.each([
  [RENDER_DEVPATH, 'pci:0000:00:05.0'],
  ['/devices/pci0000:00/0000:00:05.0/virtio7/drm/renderD129', 'pci:0000:00:05.0'],
  ['/devices/pci0000:00/0000:00:1c.4/0000:03:00.0/drm/card1', 'pci:0000:03:00.0'],
  ['/devices/platform/rendersync/drm/renderD131', 'platform:rendersync'],
  ['/devices/platform/soc/fd4a0000.gpu/drm/renderD128', 'soc:fd4a0000.gpu'],
  ['/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/drm/card2', 'usb:1-2:1.0'],
  ['/devices/faux/vgem/drm/renderD130', 'faux:vgem'],
  ['/devices/virtual/misc/syncobj', 'misc:syncobj'],
])('%s belongs to %s', (devpath, id) => {
  expect(deviceIdOf(devpath)).toBe(id);
});
