import { expect, test } from 'vitest';
import { WlFixesError } from '../../../protocols/generated/wayland.interfaces.ts';
import {
  WlFixesProxy,
  WlOutputProxy,
  WlShmProxy,
} from '../../../protocols/generated/wayland.client.ts';
import { WlOutput, WlShm } from '../../../protocols/generated/wayland.server.ts';
import type { ClientDisplay } from '../../../protocols/client/client-display.ts';
import { createFixesGlobal } from '../../../protocols/server/fixes.ts';
import { withHarness } from './harness.ts';

function names(client: ClientDisplay): string[] {
  return [...client.registry.globals.values()].map((global) => global.interface);
}

test('globals come and go while clients listen', () =>
  withHarness((harness) => {
    const client = harness.client();
    const told: string[] = [];
    client.registry.onGlobal((global) => told.push(`+${global.interface}`));
    client.registry.onGlobalRemove((global) => told.push(`-${global.interface}`));
    harness.settle();
    const output = harness.display.createGlobal(WlOutput, 4, () => undefined);
    harness.display.createGlobal(WlShm, 1, () => undefined);
    harness.settle();
    output.remove();
    output.remove();
    harness.settle();
    expect(told).toEqual(['+wl_output', '+wl_shm', '-wl_output']);
    expect(names(client)).toEqual(['wl_shm']);
  }));

test('a bind that crosses the removal gets an inert object and no error', () =>
  withHarness((harness) => {
    let bound = 0;
    const global = harness.display.createGlobal(WlOutput, 4, () => bound++);
    const client = harness.client();
    harness.settle();
    const seen = client.registry.find('wl_output')!;
    global.remove();
    const output = client.registry.bind(WlOutputProxy, seen);
    harness.settle();
    expect(bound).toBe(0);
    expect(client.error).toBeUndefined();
    output.release();
    harness.settle();
    expect(client.error).toBeUndefined();
  }));

test('who came after the removal may not bind the name', () =>
  withHarness((harness) => {
    const global = harness.display.createGlobal(WlOutput, 4, () => undefined);
    const early = harness.client();
    harness.settle();
    const seen = early.registry.find('wl_output')!;
    global.remove();
    const late = harness.client();
    harness.settle();
    expect(names(late)).toEqual([]);
    late.registry.bind(WlOutputProxy, seen);
    harness.settle();
    expect(late.error).toMatchObject({ interface: 'wl_registry', code: 0 });
    expect(early.error).toBeUndefined();
  }));

test('the name is forgotten when nobody is left who could bind it', () =>
  withHarness((harness) => {
    createFixesGlobal(harness.display);
    const global = harness.display.createGlobal(WlOutput, 4, () => undefined);
    const acknowledging = harness.client();
    const leaving = harness.client();
    const silent = harness.client();
    harness.settle();
    const seen = silent.registry.find('wl_output')!;
    const fixes = acknowledging.registry.bind(
      WlFixesProxy,
      acknowledging.registry.find('wl_fixes')!,
    );
    global.remove();
    harness.settle();
    fixes.ackGlobalRemove(acknowledging.registry.proxy, seen.name);
    leaving.close();
    harness.settle();
    silent.registry.bind(WlOutputProxy, seen);
    harness.settle();
    expect(silent.error).toBeUndefined();
    acknowledging.registry.bind(WlOutputProxy, seen);
    harness.settle();
    expect(acknowledging.error).toMatchObject({ interface: 'wl_registry', code: 0 });
    expect(global.removed).toBe(true);
  }));

test('acknowledging what was not removed is an error of wl_fixes', () =>
  withHarness((harness) => {
    createFixesGlobal(harness.display);
    const client = harness.client();
    harness.settle();
    const fixes = client.registry.bind(WlFixesProxy, client.registry.find('wl_fixes')!);
    fixes.ackGlobalRemove(client.registry.proxy, 1);
    harness.settle();
    expect(client.error).toMatchObject({
      interface: 'wl_fixes',
      code: WlFixesError.invalidAckRemove,
      objectId: fixes.id,
    });
  }));

test('wl_fixes destroys a registry, which then hears no more', () =>
  withHarness((harness) => {
    createFixesGlobal(harness.display);
    const client = harness.client();
    harness.settle();
    const fixes = client.registry.bind(WlFixesProxy, client.registry.find('wl_fixes')!);
    const second = client.proxy.getRegistry();
    const heard: string[] = [];
    second.handler = { global: (_registry, _name, type) => void heard.push(type) };
    harness.settle();
    fixes.destroyRegistry(second);
    harness.settle();
    expect(second.alive).toBe(false);
    harness.display.createGlobal(WlShm, 1, () => undefined);
    harness.settle();
    expect(heard).toEqual(['wl_fixes']);
    expect(names(client)).toEqual(['wl_fixes', 'wl_shm']);
  }));

test('a filtered global is not there for others, neither to see nor to bind', () =>
  withHarness((harness) => {
    harness.display.createGlobal(WlShm, 1, () => undefined, {
      filter: (client) => client.number === 1,
    });
    const chosen = harness.client();
    const other = harness.client();
    harness.settle();
    expect([names(chosen), names(other)]).toEqual([['wl_shm'], []]);
    other.registry.bind(WlShmProxy, chosen.registry.find('wl_shm')!);
    harness.settle();
    expect(other.error).toMatchObject({ interface: 'wl_registry', code: 0 });
    expect(chosen.error).toBeUndefined();
  }));

test('a version the protocol does not know is refused at creation', () =>
  withHarness((harness) => {
    expect(() => harness.display.createGlobal(WlShm, 99, () => undefined)).toThrow(RangeError);
    expect(() => harness.display.createGlobal(WlShm, 0, () => undefined)).toThrow(RangeError);
  }));
