import { expect, test } from 'vitest';
import { WlCompositor } from '../../../protocols/generated/wayland.server.ts';
import { warmUp } from '../../../protocols/server/warm-up.ts';

test('warming up runs every request to the end and leaves nothing', () => {
  let damages = 0;
  let surfaces = 0;
  const result = warmUp((display) => {
    display.createGlobal(WlCompositor, 4, (compositor) => {
      compositor.handler = {
        createSurface: (_compositor, surface) => {
          surfaces++;
          surface.addDestroyListener(() => surfaces--);
          surface.handler = {
            destroy: () => undefined,
            attach: () => undefined,
            damage: () => void damages++,
            frame: () => undefined,
            setOpaqueRegion: () => undefined,
            setInputRegion: () => undefined,
            commit: () => undefined,
            setBufferTransform: () => undefined,
            setBufferScale: () => undefined,
            damageBuffer: () => undefined,
            offset: () => undefined,
            getRelease: () => undefined,
          };
        },
        createRegion: () => undefined,
        release: () => undefined,
      };
    });
  });
  expect(damages).toBe(8 * 12 * 80);
  expect(surfaces).toBe(0);
  expect(result.messages).toBeGreaterThan(30_000);
});

test('without handlers of its own it uses stand-ins', () => {
  expect(warmUp().messages).toBeGreaterThan(30_000);
});
