import { describe, expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { runChild } from './support.ts';

const A8R8G8B8 = 0x2002_8888;
const A8 = 0x0801_8000;
const SRC = 1;
const OVER = 3;
const FULL = 0xffff;
const ONE = 0x1_0000;

interface Canvas {
  readonly image: number;
  readonly pixels: Uint32Array;
  /** The pixel as hexadecimal ARGB. */
  at(x: number, y: number): string;
  [Symbol.dispose](): void;
}

function canvas(width: number, height: number): Canvas {
  const pixels = new Uint32Array(width * height);
  const image = native.pixmanCreateBits(A8R8G8B8, width, height, pixels.buffer, 0, width * 4);
  return {
    image,
    pixels,
    at: (x, y) => (pixels[y * width + x] ?? 0).toString(16).padStart(8, '0'),
    [Symbol.dispose]: () => native.pixmanDestroy(image),
  };
}

/** Draws all of `source` at a place. */
function draw(source: number, target: Canvas, x: number, y: number, size: number, mask = 0): void {
  native.pixmanComposite(OVER, source, mask, target.image, 0, 0, 0, 0, x, y, size, size);
}

describe.skipIf(!native.pixmanAvailable())(
  'pixman (skipped where libpixman-1.so.0 is missing)',
  () => {
    test('a colour is drawn where it is told, and nowhere else', () => {
      using target = canvas(8, 8);
      const red = native.pixmanCreateSolid(FULL, 0, 0, FULL);
      draw(red, target, 2, 3, 2);
      expect([target.at(2, 3), target.at(3, 4)]).toEqual(['ffff0000', 'ffff0000']);
      expect([target.at(1, 3), target.at(4, 4), target.at(2, 5)]).toEqual(
        Array(3).fill('00000000'),
      );
      native.pixmanDestroy(red);
    });

    test('over blends what is premultiplied', () => {
      using target = canvas(1, 1);
      native.pixmanFill(SRC, target.image, FULL, FULL, FULL, FULL, Int32Array.of(0, 0, 1, 1));
      const half = native.pixmanCreateSolid(0x8080, 0, 0, 0x8080);
      draw(half, target, 0, 0, 1);
      expect(target.at(0, 0)).toBe('ffff7f7f');
      native.pixmanDestroy(half);
    });

    test('drawing outside the target is cut off', () => {
      using target = canvas(4, 4);
      const white = native.pixmanCreateSolid(FULL, FULL, FULL, FULL);
      native.pixmanComposite(SRC, white, 0, target.image, 0, 0, 0, 0, -1000, -1000, 1002, 1002);
      expect([...target.pixels].filter((pixel) => pixel !== 0)).toHaveLength(4);
      native.pixmanDestroy(white);
    });

    test('boxes to fill are cut off at the edges, and empty ones are left out', () => {
      using target = canvas(4, 4);
      const boxes = Int32Array.of(-5_000_000, 3, 5_000_000, 5_000_000, 0, -9, 1, 1, 2, 2, 2, 3);
      native.pixmanFill(SRC, target.image, FULL, 0, 0, FULL, boxes);
      const red = [...target.pixels].map((pixel, index) => (pixel ? index : -1));
      expect(red.filter((index) => index >= 0)).toEqual([0, 12, 13, 14, 15]);
      const beyond = Int32Array.of(0, 0, 2 ** 24 + 1, 1);
      expect(() => native.pixmanFill(SRC, target.image, 0, 0, 0, 0, beyond)).toThrow(RangeError);
      expect(() => native.pixmanFill(SRC, target.image, 0, 0, 0, 0, new Int32Array(5))).toThrow(
        RangeError,
      );
    });

    test('a mask lets through what it has', () => {
      using target = canvas(2, 1);
      const bytes = new Uint8Array(4);
      bytes[1] = 255;
      const mask = native.pixmanCreateBits(A8, 2, 1, bytes.buffer, 0, 4);
      const green = native.pixmanCreateSolid(0, FULL, 0, FULL);
      draw(green, target, 0, 0, 2, mask);
      expect([target.at(0, 0), target.at(1, 0)]).toEqual(['00000000', 'ff00ff00']);
      native.pixmanDestroy(mask);
      native.pixmanDestroy(green);
    });

    test('a transform enlarges, nearest or bilinear', () => {
      using source = canvas(2, 1);
      using target = canvas(4, 1);
      source.pixels.set([0xff000000, 0xffffffff]);
      const halve = Int32Array.of(ONE / 2, 0, 0, 0, ONE, 0, 0, 0, ONE);
      native.pixmanSetTransform(source.image, halve);
      native.pixmanSetFilter(source.image, false);
      draw(source.image, target, 0, 0, 4);
      expect([...target.pixels]).toEqual([0xff000000, 0xff000000, 0xffffffff, 0xffffffff]);
      native.pixmanSetFilter(source.image, true);
      native.pixmanSetRepeat(source.image, 2);
      draw(source.image, target, 0, 0, 4);
      const red = [...target.pixels].map((pixel) => (pixel >> 16) & 0xff);
      expect(red).toEqual([...red].sort((a, b) => a - b));
      expect(new Set(red).size).toBeGreaterThan(2);
    });

    test('repeat tiles the source', () => {
      using source = canvas(1, 1);
      using target = canvas(3, 1);
      source.pixels[0] = 0xff0000ff;
      draw(source.image, target, 0, 0, 3);
      expect([...target.pixels]).toEqual([0xff0000ff, 0, 0]);
      native.pixmanSetRepeat(source.image, 1);
      draw(source.image, target, 0, 0, 3);
      expect([...target.pixels]).toEqual(Array(3).fill(0xff0000ff));
    });

    test('a clip bounds drawing until it is taken away', () => {
      using target = canvas(4, 1);
      const all = Int32Array.of(0, 0, 4, 1);
      native.pixmanSetClip(target.image, Int32Array.of(0, 0, 1, 1, 2, 0, 3, 1));
      native.pixmanFill(SRC, target.image, FULL, 0, 0, FULL, all);
      expect([...target.pixels].map((pixel) => pixel !== 0)).toEqual([true, false, true, false]);
      native.pixmanSetClip(target.image, new Int32Array(0));
      native.pixmanFill(SRC, target.image, 0, 0, 0, FULL, all);
      expect(target.at(0, 0)).toBe('ffff0000');
      native.pixmanSetClip(target.image, null);
      native.pixmanFill(SRC, target.image, 0, 0, 0, FULL, all);
      expect([...target.pixels]).toEqual(Array(4).fill(0xff000000));
    });

    test.each([
      ['a row too many', 4, 5, 0, 16],
      ['a stride too short', 4, 4, 0, 12],
      ['an offset too great', 4, 4, 4, 16],
      ['an offset inside a pixel', 4, 3, 2, 16],
      ['an odd stride', 4, 3, 0, 17],
      ['no width', 0, 4, 0, 16],
      ['a width beyond 32767', 32768, 1, 0, 16],
      ['a stride beyond memory', 4, 4, 0, 2 ** 32 - 4],
      ['an offset beyond memory', 4, 4, 2 ** 53 - 4, 16],
    ])('an image with %s is refused', (_, width, height, offset, stride) => {
      const buffer = new ArrayBuffer(64);
      const create = (): number =>
        native.pixmanCreateBits(A8R8G8B8, width, height, buffer, offset, stride);
      expect(create).toThrow(RangeError);
    });

    test('a part of a larger image may end with the buffer, not with the stride', () => {
      const part = native.pixmanCreateBits(A8R8G8B8, 2, 4, new ArrayBuffer(64), 8, 16);
      native.pixmanDestroy(part);
      expect(() => native.pixmanCreateBits(A8R8G8B8, 2, 4, new ArrayBuffer(64), 12, 16)).toThrow(
        'does not fit into 64 bytes',
      );
    });

    test.each([
      ['with a palette (c8)', 0x0804_0000],
      ['with planes (yv12)', 0x0c07_0000],
      ['unknown', 0x2002_1234],
    ])('a format %s is refused', (_, format) => {
      expect(() => native.pixmanCreateBits(format, 4, 4, new ArrayBuffer(64), 0, 16)).toThrow(
        RangeError,
      );
    });

    test('a colour cannot be drawn on, and an unknown image is none', () => {
      const solid = native.pixmanCreateSolid(0, 0, 0, 0);
      using target = canvas(1, 1);
      expect(() => native.pixmanFill(SRC, solid, 0, 0, 0, 0, new Int32Array(0))).toThrow(
        `destination ${solid} cannot be drawn on`,
      );
      native.pixmanDestroy(solid);
      native.pixmanDestroy(solid);
      expect(() => draw(solid, target, 0, 0, 1)).toThrow(`source ${solid} is not an image`);
      expect(() => native.pixmanSetRepeat(target.image, 4)).toThrow(RangeError);
      expect(() => native.pixmanComposite(14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)).toThrow(RangeError);
    });

    test('an image over a mapping that is unmapped is gone, not a crash', () => {
      using memfd = new OwnedFd(native.memfdCreate('pixman', 0));
      native.ftruncate(memfd.fd, 4096);
      const mapping = native.mapShared(memfd.fd, 4096, true, 0);
      const source = native.pixmanCreateBits(A8R8G8B8, 32, 32, mapping.bytes, 0, 128);
      using target = canvas(32, 32);
      draw(source, target, 0, 0, 32);
      native.unmap(mapping.id);
      expect(() => draw(source, target, 0, 0, 32)).toThrow(
        `the pixels of source ${source} are gone`,
      );
      native.pixmanDestroy(source);
    });

    test('an image keeps its buffer from being collected, until it is destroyed', () => {
      const source = `
      const collected = [];
      const registry = new FinalizationRegistry((name) => collected.push(name));
      const make = (name) => {
        const buffer = new ArrayBuffer(64);
        registry.register(buffer, name);
        return native.pixmanCreateBits(${A8R8G8B8}, 4, 4, buffer, 0, 16);
      };
      make('kept');
      native.pixmanDestroy(make('destroyed'));
      const wait = (turns) => {
        gc();
        if (turns > 0) setTimeout(wait, 5, turns - 1);
        else console.log(JSON.stringify([collected, native.pixmanLiveImages()]));
      };
      setTimeout(wait, 5, 20);`;
      const ran = runChild(source, ['--expose-gc']);
      expect(JSON.parse(ran.stdout), ran.stderr).toEqual([['destroyed'], 1]);
    });

    test('a worker may end with images', () => {
      const source = `
      const { Worker } = require('node:worker_threads');
      const addon = Object.values(require.cache)[0].filename;
      const work = 'const native = require(' + JSON.stringify(addon) + ');'
        + 'native.pixmanCreateSolid(0, 0, 0, 0); native.pixmanCreateBits(${A8R8G8B8}, 4, 4, new ArrayBuffer(64), 0, 16);'
        + 'native.xkbAvailable() && native.xkbStateCreate(native.xkbKeymapFromNames("", "", "us", "", ""));';
      new Worker(work, { eval: true }).on('exit', (code) => console.log(code, native.pixmanLiveImages()));`;
      expect(runChild(source)).toMatchObject({ status: 0, stdout: '0 0\n', stderr: '' });
    });
  },
);
