/** zwp_linux_dmabuf_v1: formats, feedback, what params refuse, what cannot be imported. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { ZwpLinuxBufferParamsV1Error as ParamsError } from '../../../protocols/generated/linux-dmabuf-v1.interfaces.ts';
import {
  ZwpLinuxDmabufV1Proxy,
  type ZwpLinuxBufferParamsV1Proxy,
} from '../../../protocols/generated/linux-dmabuf-v1.client.ts';
import { withCompositor } from '../../support/compositor-fixture.ts';
import type { TestClient } from '../../support/compositor-client.ts';

const XRGB8888 = 0x34325258;
const MS = 1_000_000n;
/** 4 × 4 of 4 bytes. */
const BYTES = 64;

test('version 3 announces each format with the linear modifier', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const seen: [number, number, number][] = [];
    client.dmabuf.handler = { modifier: (_proxy, format, hi, lo) => seen.push([format, hi, lo]) };
    client.settle();
    expect(seen.length).toBeGreaterThan(12);
    expect(seen).toContainEqual([XRGB8888, 0, 0]);
    expect(seen.every(([, hi, lo]) => hi === 0 && lo === 0)).toBe(true);
  });
});

const WRONG_PARAMS: readonly [
  name: string,
  code: number,
  make: (params: ZwpLinuxBufferParamsV1Proxy, fd: number) => void,
][] = [
  ['plane 4', ParamsError.planeIdx, (params, fd) => params.add(fd, 4, 0, 16, 0, 0)],
  [
    'a plane set twice',
    ParamsError.planeSet,
    (params, fd) => {
      params.add(fd, 0, 0, 16, 0, 0);
      params.add(fd, 0, 0, 16, 0, 0);
    },
  ],
  ['no plane', ParamsError.incomplete, (params) => params.create(4, 4, XRGB8888, 0)],
  [
    'more planes than the format has',
    ParamsError.incomplete,
    (params, fd) => {
      params.add(fd, 0, 0, 16, 0, 0);
      params.add(fd, 1, 0, 16, 0, 0);
      params.create(4, 4, XRGB8888, 0);
    },
  ],
  [
    'an unknown format',
    ParamsError.invalidFormat,
    (params, fd) => {
      params.add(fd, 0, 0, 16, 0, 0);
      params.create(4, 4, 0x12345678, 0);
    },
  ],
  [
    'no width',
    ParamsError.invalidDimensions,
    (params, fd) => {
      params.add(fd, 0, 0, 16, 0, 0);
      params.create(0, 4, XRGB8888, 0);
    },
  ],
  [
    'rows beyond its end',
    ParamsError.outOfBounds,
    (params, fd) => {
      params.add(fd, 0, 16, 16, 0, 0);
      params.create(4, 4, XRGB8888, 0);
    },
  ],
  [
    'a stride below a row',
    ParamsError.outOfBounds,
    (params, fd) => {
      params.add(fd, 0, 0, 8, 0, 0);
      params.create(4, 4, XRGB8888, 0);
    },
  ],
  [
    'a stride that overflows',
    ParamsError.outOfBounds,
    (params, fd) => {
      params.add(fd, 0, 0, 0xffff_fff0, 0, 0);
      params.createImmed(4, 4, XRGB8888, 0);
    },
  ],
  [
    'create twice',
    ParamsError.alreadyUsed,
    (params, fd) => {
      params.add(fd, 0, 0, 16, 0, 0);
      params.create(4, 4, XRGB8888, 0);
      params.create(4, 4, XRGB8888, 0);
    },
  ],
  [
    'add after create',
    ParamsError.alreadyUsed,
    (params, fd) => {
      params.add(fd, 0, 0, 16, 0, 0);
      params.create(4, 4, XRGB8888, 0);
      params.add(fd, 1, 0, 16, 0, 0);
    },
  ],
];

test.each(WRONG_PARAMS)('params with %s', (_name, code, make) => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const params = client.dmabuf.createParams();
    params.handler = { created: (_params, buffer) => buffer.destroy() };
    make(params, client.dmabufFd(BYTES));
    expect(client.settle()).toEqual({
      interface: 'zwp_linux_buffer_params_v1',
      object: params.id,
      code,
    });
  });
});

/** What create answers. */
function create(client: TestClient, fd: number, modifierHi = 0, flags = 0): string {
  const params = client.dmabuf.createParams();
  let answer = 'none';
  params.handler = {
    created: () => {
      answer = 'created';
    },
    failed: () => {
      answer = 'failed';
    },
  };
  params.add(fd, 0, 0, 16, modifierHi, 0);
  params.create(4, 4, XRGB8888, flags);
  client.settle();
  return answer;
}

test('create answers created for a dma-buf, failed for what is none, is tiled or upside down', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const dmabuf = client.dmabufFd(BYTES);
    expect(create(client, dmabuf)).toBe('created');
    expect(create(client, client.memfd(BYTES).fd)).toBe('failed');
    expect(create(client, dmabuf, 0x0100_0000)).toBe('failed');
    expect(create(client, dmabuf, 0, 1)).toBe('failed');
    expect(client.error).toBeUndefined();
  });
});

test('create_immed of what is no dma-buf is invalid_wl_buffer', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const params = client.dmabuf.createParams();
    params.add(client.memfd(BYTES).fd, 0, 0, 16, 0, 0);
    params.createImmed(4, 4, XRGB8888, 0);
    expect(client.settle()).toEqual({
      interface: 'zwp_linux_buffer_params_v1',
      object: params.id,
      code: ParamsError.invalidWlBuffer,
    });
  });
});

test('a created buffer is read through its mapping, also after its device is gone', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const fd = client.dmabufFd(BYTES);
    native.pwrite(fd, Uint8Array.of(7, 8, 9), 0);
    const { proxy, surface } = client.createSurface();
    proxy.attach(client.dmabufBuffer(fd).proxy, 0, 0);
    proxy.commit();
    client.settle();
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(100n * MS);
    const content = surface.current.content?.content;
    let bytes: number[] = [];
    const result = content?.read((pixels) => {
      bytes = [...new Uint8Array(pixels.bytes, pixels.offsetBytes, 3)];
    });
    expect([result, ...bytes]).toEqual(['ok', 7, 8, 9]);
    expect(content?.plane).toMatchObject({ strideBytes: 16, modifier: 0n });
  });
});

interface Feedback {
  done: number;
  mainDevice: bigint | undefined;
  flags: number | undefined;
  formats: number;
  tableBytes: number;
}

function watchFeedback(client: TestClient, version: number): Feedback {
  const feedback = client.bind(ZwpLinuxDmabufV1Proxy, version).getDefaultFeedback();
  const seen: Feedback = {
    done: 0,
    mainDevice: undefined,
    flags: undefined,
    formats: 0,
    tableBytes: 0,
  };
  feedback.handler = {
    done: () => {
      seen.done++;
    },
    formatTable: (_proxy, fd, size) => {
      seen.tableBytes = Math.min(size, native.fstat(fd.fd).sizeBytes);
      fd.close();
    },
    mainDevice: (_proxy, device) => {
      seen.mainDevice = new DataView(device.buffer, device.byteOffset).getBigUint64(0, true);
    },
    trancheFlags: (_proxy, flags) => {
      seen.flags = flags;
    },
    trancheFormats: (_proxy, indices) => {
      seen.formats = indices.byteLength / 2;
    },
  };
  client.settle();
  return seen;
}

test('feedback: the format table, one tranche on the main device; the next device when that goes', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const [first, second] = fixture.kernel.listNodes();
    const seen = watchFeedback(client, 4);
    expect(seen).toMatchObject({ done: 1, mainDevice: first?.rdev, flags: 0 });
    expect(seen.tableBytes).toBe(16 * seen.formats);
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(100n * MS);
    expect(seen).toMatchObject({ done: 2, mainDevice: second?.rdev });
    fixture.kernel.removeDevice('sim:1');
    fixture.advance(100n * MS);
    expect(seen.done).toBe(2);
  });
});

test('from version 6 on a tranche says that it is for sampling', () => {
  withCompositor({}, (fixture) => {
    const seen = watchFeedback(fixture.connect(), 6);
    expect(seen).toMatchObject({ done: 1, mainDevice: undefined, flags: 2 });
  });
});

test('set_sampling_device takes a dev_t, and nothing else', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const params = client.bind(ZwpLinuxDmabufV1Proxy, 6).createParams();
    params.setSamplingDevice(new Uint8Array(8));
    expect(client.settle()).toBeUndefined();
    params.setSamplingDevice(new Uint8Array(4));
    expect(client.settle()).toMatchObject({ code: ParamsError.invalidDevTSize });
  });
});

test('without any device dma-bufs are offered at version 3, which needs none', () => {
  withCompositor({ gpus: 0 }, (fixture) => {
    const client = fixture.connect();
    expect(client.display.registry.find('zwp_linux_dmabuf_v1')?.version).toBe(3);
  });
});

test('the first device to come brings them in the version that names it, and old objects live on', () => {
  withCompositor({ gpus: 0 }, (fixture) => {
    const client = fixture.connect();
    const old = client.dmabuf;
    fixture.kernel.addDevice();
    fixture.advance(100n * MS);
    expect(client.display.registry.find('zwp_linux_dmabuf_v1')?.version).toBe(6);
    const seen = watchFeedback(client, 4);
    expect(seen).toMatchObject({ done: 1, mainDevice: fixture.kernel.listNodes()[0]?.rdev });
    old.createParams().destroy();
    expect(client.settle()).toBeUndefined();
    fixture.kernel.removeDevice('sim:0');
    fixture.kernel.addDevice();
    fixture.advance(100n * MS);
    expect(seen).toMatchObject({ done: 2, mainDevice: fixture.kernel.listNodes()[0]?.rdev });
  });
});
