/** Copy and paste as a weapon: what a client offers, or asks for, must not cost another one its connection. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { WlKeyboard } from '../../../protocols/generated/wayland.server.ts';
import type { WlKeyboardResource } from '../../../protocols/generated/wayland.server.ts';
import { DisplayError } from '../../../protocols/server/protocol-error.ts';
import type { Client } from '../../../protocols/server/client.ts';
import { MAX_MIME_BYTES } from '../../../compositor/seat/mime-types.ts';
import { sourceOf, TEXT, transferOf } from '../../support/data-transfer-client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

const LONG = 'x'.repeat(4000);

function keyboardOf(client: Client): WlKeyboardResource {
  for (const resource of client.resources())
    if (resource.description.name === 'wl_keyboard') return resource as WlKeyboardResource;
  throw new Error('it has no keyboard');
}

test('a clipboard of a thousand long types fills nobody’s queue: the first ones are offered', () => {
  withDesktop({}, (fixture) => {
    const hog = fixture.connect();
    const transfer = transferOf(hog);
    hog.openWindow(30, 30);
    const { source } = sourceOf(transfer, 'text');
    for (let count = 0; count < 1000; count++) {
      source.offer(`${LONG}${count}`);
      if (count % 10 === 0) fixture.settle();
    }
    transfer.device.setSelection(source, hog.serials.key);
    fixture.settle();
    const victim = fixture.connect();
    const victimTransfer = transferOf(victim);
    victim.openWindow(30, 30);
    fixture.settle();
    expect(victim.error).toBeUndefined();
    const offered = victimTransfer.seen.filter((line) => line.startsWith('offer '));
    expect(offered[0]).toBe(`offer ${TEXT}`);
    expect(offered).toHaveLength(1 + Math.floor((MAX_MIME_BYTES - TEXT.length) / 4001));
  });
});

test('what is offered by ever more sources is bounded for each client, and given back with them', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const transfer = transferOf(client);
    for (let count = 0; count < 100; count++) {
      const source = transfer.manager.createDataSource();
      for (let type = 0; type < 16; type++) source.offer(`${LONG}${type}`);
      source.destroy();
      fixture.settle();
    }
    expect(client.error).toBeUndefined();
    for (let count = 0; count < 17 && !client.error; count++) {
      const source = transfer.manager.createDataSource();
      for (let type = 0; type < 16; type++) source.offer(`${LONG}${type}`);
      fixture.settle();
    }
    expect(client.error).toMatchObject({ code: DisplayError.noMemory });
  });
});

test('who does not read its events is not cut for how often another one asks it for its data', () => {
  withDesktop({}, (fixture) => {
    const { compositor } = fixture;
    const victim = fixture.connect();
    const victimTransfer = transferOf(victim);
    victim.openWindow(30, 30);
    const { source, seen } = sourceOf(victimTransfer, '');
    victimTransfer.device.setSelection(source, victim.serials.key);
    fixture.settle();
    const [served] = [...compositor.display.clients];
    const keyboard = keyboardOf(served!);
    const hog = fixture.connect();
    const transfer = transferOf(hog);
    hog.openWindow(30, 30);
    fixture.settle();
    const { writer } = served!.connection;
    for (let time = 0; !writer.blocked && time < 100_000; time++)
      WlKeyboard.sendModifiers(keyboard, time, 0, 0, 0, 0);
    const [readFd, writeFd] = native.pipe();
    const pipe = [new OwnedFd(readFd), new OwnedFd(writeFd)];
    for (let count = 0; count < 600; count++) {
      transfer.offer?.receive(TEXT, writeFd);
      // The compositor alone reads: the victim does not come to it.
      if (count % 20 === 19) {
        hog.display.flush();
        compositor.display.drain();
      }
    }
    expect(served!.alive).toBe(true);
    fixture.settle();
    expect(victim.error).toBeUndefined();
    expect(hog.error).toBeUndefined();
    expect(seen.filter((line) => line === `send ${TEXT}`)).toHaveLength(256);
    for (const end of pipe) end.close();
  });
});
