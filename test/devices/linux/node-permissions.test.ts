/** Permissions of nodes, on files of our own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodePermissions } from '../../../devices/linux/node-permissions.ts';

let dev: string;
let told: string[];
let permissions: NodePermissions;

beforeEach(() => {
  dev = mkdtempSync(join(tmpdir(), 'syncline-dev-'));
  mkdirSync(join(dev, 'dri'));
  writeFileSync(join(dev, 'dri/renderD128'), '');
  told = [];
  permissions = new NodePermissions({ sys: '/nowhere', dev }, (name) => told.push(name));
});

afterEach(() => {
  permissions.close();
  rmSync(dev, { recursive: true });
});

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 5) {
    if (waitedMs > 10_000) throw new Error(`did not come about within 10 s: ${told.join(' ')}`);
    await sleep(5);
  }
}

test('a change of mode is told, for the node it is of', async () => {
  chmodSync(join(dev, 'dri/renderD128'), 0o600);
  await until(() => told.length > 0);
  expect(told).toEqual(['dri/renderD128']);
});

test('the folder may go and come: watched again when asked', async () => {
  rmSync(join(dev, 'dri'), { recursive: true });
  permissions.watch();
  mkdirSync(join(dev, 'dri'));
  writeFileSync(join(dev, 'dri/renderD129'), '');
  permissions.watch();
  chmodSync(join(dev, 'dri/renderD129'), 0o600);
  await until(() => told.length > 0);
  expect(told).toEqual(['dri/renderD129']);
});

test('after close nothing is told any more', async () => {
  permissions.close();
  permissions.close();
  chmodSync(join(dev, 'dri/renderD128'), 0o600);
  await sleep(50);
  expect(told).toEqual([]);
});
