/** Where the clients of a nested compositor are told to allocate dma-bufs. */
import { expect, test } from 'vitest';
import { ZwpLinuxDmabufV1Proxy } from '../../../protocols/generated/linux-dmabuf-v1.client.ts';
import {
  type NestedFixture,
  type NestedFixtureOptions,
  withNested,
} from '../../support/nested-fixture.ts';

const SECOND = 1_000_000_000n;

/** Main devices as a client is told them. */
function watchMainDevice(fixture: NestedFixture): string[] {
  const told: string[] = [];
  const client = fixture.connect();
  client.bind(ZwpLinuxDmabufV1Proxy, 4).getDefaultFeedback().handler = {
    formatTable: (_, fd) => fd.close(),
    mainDevice: (_, bytes) => {
      const rdev = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
      told.push(fixture.kernel.listNodes().find((node) => node.rdev === rdev)?.id ?? 'unknown');
    },
  };
  fixture.settle();
  return told;
}

const LAST_FIRST: NestedFixtureOptions = { gpus: 3, hostNodes: (nodes) => nodes.reverse() };

test('on the host’s main device, while buffers are passed through', async () => {
  await withNested(LAST_FIRST, (fixture) => {
    expect(watchMainDevice(fixture)).toEqual(['sim:2']);
  });
});

test('on our own where we read them ourselves', async () => {
  await withNested({ ...LAST_FIRST, mode: 'composited' }, (fixture) => {
    expect(watchMainDevice(fixture)).toEqual(['sim:0']);
  });
});

test('on our own where the host names none', async () => {
  await withNested({ gpus: 2, hostNodes: () => [] }, (fixture) => {
    expect(watchMainDevice(fixture)).toEqual(['sim:0']);
    // The host warned that it has no device.
    fixture.logged.length = 0;
  });
});

test('on the next one the host names when its device goes', async () => {
  await withNested(LAST_FIRST, (fixture) => {
    const told = watchMainDevice(fixture);
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(SECOND);
    expect(told).toEqual(['sim:2']);
    fixture.kernel.removeDevice('sim:2');
    fixture.advance(SECOND);
    expect(told).toEqual(['sim:2', 'sim:1']);
  });
});
