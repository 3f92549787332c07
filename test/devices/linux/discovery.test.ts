/** Discovery in a made-up sysfs. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeNode, listNodes, type SystemPaths } from '../../../devices/linux/discovery.ts';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import { Poller } from '../../../native/poller.ts';

let root: string;
let paths: SystemPaths;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sysfs-'));
  paths = { sys: join(root, 'sys'), dev: join(root, 'dev') };
  mkdirSync(join(paths.sys, 'class/drm'), { recursive: true });
  mkdirSync(join(paths.sys, 'class/misc'), { recursive: true });
  mkdirSync(join(paths.dev, 'dri'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

function link(from: string, to: string): void {
  mkdirSync(dirname(from), { recursive: true });
  symlinkSync(relative(dirname(from), to), from);
}

function addNode(parent: string, name: string, dev: string, driver?: string): void {
  const device = join(paths.sys, 'devices', parent);
  const node = join(device, 'drm', name);
  mkdirSync(node, { recursive: true });
  writeFileSync(join(node, 'dev'), `${dev}\n`);
  link(join(node, 'device'), device);
  link(join(paths.sys, 'class/drm', name), node);
  if (driver === undefined) return;
  mkdirSync(join(paths.sys, 'bus/drivers', driver), { recursive: true });
  link(join(device, 'driver'), join(paths.sys, 'bus/drivers', driver));
}

test('render nodes are listed by device, primary nodes and connectors are not', () => {
  addNode('pci0000:00/0000:00:06.0/virtio2', 'renderD128', '226:128', 'virtio_gpu');
  addNode('pci0000:00/0000:00:05.0/virtio1', 'renderD131', '226:131', 'virtio_gpu');
  addNode('pci0000:00/0000:00:07.0', 'card0', '226:0', 'i915');
  addNode('pci0000:00/0000:00:07.0/card0', 'card0-HDMI-A-1', '0:0');
  expect(listNodes(paths)).toEqual([
    {
      id: 'pci:0000:00:05.0',
      path: join(paths.dev, 'dri/renderD131'),
      driver: 'virtio_gpu',
      kind: 'render',
      rdev: 0xe283n,
    },
    {
      id: 'pci:0000:00:06.0',
      path: join(paths.dev, 'dri/renderD128'),
      driver: 'virtio_gpu',
      kind: 'render',
      rdev: 0xe280n,
    },
  ]);
});

test('a device without a bound driver is named after itself', () => {
  addNode('platform/rendersync.0', 'renderD130', '226:130');
  expect(describeNode(paths, 'dri/renderD130')).toMatchObject({
    id: 'platform:rendersync.0',
    driver: 'rendersync',
  });
});

test('so is a device of the faux bus', () => {
  addNode('faux/vgem', 'renderD130', '226:130', 'faux_driver');
  expect(describeNode(paths, 'dri/renderD130')).toMatchObject({ id: 'faux:vgem', driver: 'vgem' });
});

test("a virtio GPU's driver is the one of the GPU, not of its transport", () => {
  const pci = 'pci0000:00/0000:00:05.0';
  addNode(pci, 'renderD128', '226:128', 'virtio-pci');
  mkdirSync(join(paths.sys, 'bus/drivers/virtio_gpu'), { recursive: true });
  link(
    join(paths.sys, 'devices', pci, 'virtio1/driver'),
    join(paths.sys, 'bus/drivers/virtio_gpu'),
  );
  expect(describeNode(paths, 'dri/renderD128')?.driver).toBe('virtio_gpu');
});

test('/dev/syncobj is listed as a syncobj device', () => {
  const node = join(paths.sys, 'devices/virtual/misc/syncobj');
  mkdirSync(node, { recursive: true });
  writeFileSync(join(node, 'dev'), '10:300\n');
  link(join(paths.sys, 'class/misc/syncobj'), node);
  expect(listNodes(paths)).toEqual([
    {
      id: 'misc:syncobj',
      path: join(paths.dev, 'syncobj'),
      driver: 'syncobj',
      kind: 'syncobj',
      rdev: (10n << 8n) | (300n & 0xffn) | (1n << 20n),
    },
  ]);
});

test('a machine without DRM has no nodes', () => {
  rmSync(join(paths.sys, 'class'), { recursive: true });
  expect(listNodes(paths)).toEqual([]);
});

test('a node that leads to another device by now is not opened', () => {
  addNode('pci0000:00/0000:00:05.0', 'renderD128', '226:128');
  symlinkSync('/dev/null', join(paths.dev, 'dri/renderD128'));
  const poller = new Poller();
  const kernel = new LinuxKernel({ poller, paths });
  const [node] = kernel.listNodes();
  expect(() => node && kernel.openDevice(node)).toThrowError(
    expect.objectContaining({ code: 'ENODEV' }),
  );
  kernel.dispose();
  poller.close();
});
