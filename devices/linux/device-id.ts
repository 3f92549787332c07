/** Which device a node belongs to, from its place in sysfs: the only thing that stays the same across unplug and re-plug. */
import type { DeviceId } from '../syncobj-device.ts';

const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/;
const USB_INTERFACE = /^\d+-\d+(\.\d+)*:\d+\.\d+$/;
const VIRTIO = /^virtio\d+$/;

/**
 * "pci:0000:00:05.0", "usb:1-2:1.0", "platform:rendersync.0", "misc:syncobj", from a DEVPATH such as
 * "/devices/pci0000:00/0000:00:05.0/virtio1/drm/renderD128".
 */
export function deviceIdOf(devpath: string): DeviceId {
  const parts = devpath.split('/').filter((part) => part !== '');
  const classAt = parts.findLastIndex((part) => part === 'drm' || part === 'misc');
  if (parts[classAt] === 'misc') return `misc:${parts[classAt + 1] ?? ''}` as DeviceId;
  const parents = parts.slice(0, classAt < 0 ? parts.length : classAt);
  // The number of a virtio device counts plugs; what it sits on does not.
  if (VIRTIO.test(parents.at(-1) ?? '')) parents.pop();
  const name = parents.at(-1) ?? devpath;
  if (PCI_ADDRESS.test(name)) return `pci:${name}` as DeviceId;
  if (USB_INTERFACE.test(name)) return `usb:${name}` as DeviceId;
  return `${parents.at(-2) ?? 'devices'}:${name}` as DeviceId;
}
