/** The frames with which a window comes on screen. */
import { expect, test } from 'vitest';
import { WpFifoManagerV1Proxy } from '../../../protocols/generated/fifo-v1.client.ts';
import { withDesktop } from '../../support/desktop-fixture.ts';

const MS = 1_000_000n;

test('fifo: a new window’s images follow each other from the first frame on', () => {
  withDesktop({ outputs: [{ width: 100, height: 100 }] }, (fixture) => {
    const client = fixture.connect();
    fixture.frames();
    const window = client.createWindow();
    window.surface.commit();
    fixture.settle();
    const fifo = client.bind(WpFifoManagerV1Proxy).getFifo(window.surface);
    const shown: [colour: number, timeNs: bigint][] = [];
    fixture.compositor.desktop.addFrameListener({
      presented: (_output, timeNs) => shown.push([fixture.pixel(50, 50), timeNs]),
    });
    for (const colour of [1, 2, 3]) {
      fifo.setBarrier();
      fifo.waitBarrier();
      client.draw(window, 100, 100, colour);
    }
    fixture.advance(100n * MS);
    const firstNs = shown[0]?.[1] ?? 0n;
    const frames = shown.map(([colour, timeNs]) => [colour, Number((timeNs - firstNs) / MS)]);
    expect(frames).toEqual([
      [1, 0],
      [2, 16],
      [3, 33],
    ]);
  });
});
