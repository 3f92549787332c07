/** Hot-plug from the kernel's and udevd's netlink groups; and changed permissions, which no uevent tells. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN, type Poller } from '../../native/poller.ts';
import { ENOBUFS } from '../../native/errno.ts';
import type { DeviceNode, HotplugEvent, HotplugSource } from '../sync-kernel.ts';
import { deviceIdOf } from './device-id.ts';
import { describeNode, listNodes, udevRuns, type SystemPaths } from './discovery.ts';
import { UEVENT_GROUP_KERNEL, UEVENT_GROUP_UDEV } from './drm-uapi.ts';
import { NodePermissions } from './node-permissions.ts';
import { parseUevent, type Uevent } from './uevent.ts';

const DATAGRAM_BYTES = 16_384;

/** See the file comment. Each listener has a socket of its own. */
export class LinuxHotplug implements HotplugSource {
  readonly #poller: Poller;
  readonly #paths: SystemPaths;
  readonly #stoppers = new Set<() => void>();

  constructor(poller: Poller, paths: SystemPaths) {
    this.#poller = poller;
    this.#paths = paths;
  }

  /** SystemError: EMFILE. */
  listen(onEvent: (event: HotplugEvent) => void): () => void {
    const withUdev = udevRuns();
    const groups = UEVENT_GROUP_KERNEL | (withUdev ? UEVENT_GROUP_UDEV : 0);
    const socket = new OwnedFd(native.ueventSocket(groups));
    const listener = new Listener(socket, this.#paths, withUdev, onEvent);
    const watch = this.#poller.watch(socket.fd, EPOLLIN, () => listener.receive());
    const stop = (): void => {
      this.#stoppers.delete(stop);
      watch.close();
      socket.close();
      listener.close();
    };
    this.#stoppers.add(stop);
    return stop;
  }

  /** Stops all listeners. */
  dispose(): void {
    for (const stop of this.#stoppers) stop();
  }
}

class Listener {
  readonly #socket: OwnedFd;
  readonly #paths: SystemPaths;
  readonly #withUdev: boolean;
  readonly #onEvent: (event: HotplugEvent) => void;
  readonly #buffer = new Uint8Array(DATAGRAM_BYTES);
  /** What we have announced or found, for the case that events are lost. */
  readonly #known = new Map<string, DeviceNode>();
  readonly #permissions: NodePermissions;

  constructor(
    socket: OwnedFd,
    paths: SystemPaths,
    withUdev: boolean,
    onEvent: (event: HotplugEvent) => void,
  ) {
    this.#socket = socket;
    this.#paths = paths;
    this.#withUdev = withUdev;
    this.#onEvent = onEvent;
    for (const node of listNodes(paths)) this.#known.set(node.path, node);
    this.#permissions = new NodePermissions(paths, (devname) => this.#onPermissions(devname));
  }

  close(): void {
    this.#permissions.close();
  }

  receive(): void {
    while (!this.#socket.closed) {
      const received = native.ueventReceive(this.#socket.fd, this.#buffer);
      if (received === -ENOBUFS) this.#resynchronise();
      else if (received <= 0) return;
      else {
        const uevent = parseUevent(this.#buffer.subarray(0, received));
        if (uevent) this.#handle(uevent);
      }
    }
  }

  #handle(uevent: Uevent): void {
    const devname = uevent.properties.get('DEVNAME');
    const subsystem = uevent.properties.get('SUBSYSTEM');
    if (!devname || (subsystem !== 'drm' && subsystem !== 'misc')) return;
    if (uevent.action === 'remove') {
      const path = `${this.#paths.dev}/${devname}`;
      const id = this.#known.get(path)?.id ?? deviceIdOf(uevent.devpath);
      if (this.#known.delete(path)) this.#onEvent({ type: 'removed', id, path });
      return;
    }
    // Before udevd has run its rules the node may not be ours to open; its own event follows.
    if (this.#withUdev && uevent.source === 'kernel') return;
    const node = describeNode(this.#paths, devname);
    if (!node) return;
    this.#known.set(node.path, node);
    if (uevent.action === 'add') this.#permissions.watch();
    this.#onEvent({ type: uevent.action === 'add' ? 'added' : 'changed', node });
  }

  /** logind changes a node's ACL as sessions come to the front and go: neither the kernel nor udevd announces that. */
  #onPermissions(devname: string): void {
    const node = describeNode(this.#paths, devname);
    if (node && this.#known.get(node.path)?.rdev === node.rdev)
      this.#onEvent({ type: 'changed', node });
  }

  /** The socket overflowed and events are lost: compare with what is there. */
  #resynchronise(): void {
    const present = new Map(listNodes(this.#paths).map((node) => [node.path, node]));
    for (const [path, { id, rdev }] of this.#known) {
      if (present.get(path)?.id === id && present.get(path)?.rdev === rdev) continue;
      this.#known.delete(path);
      this.#onEvent({ type: 'removed', id, path });
    }
    for (const [path, node] of present) {
      if (this.#known.has(path)) continue;
      this.#known.set(path, node);
      this.#onEvent({ type: 'added', node });
    }
  }
}
