/** The host reads nothing for a while: what a client of ours does meanwhile must not cost us the connection, and with it everybody. */
import { expect, test } from 'vitest';
import { ZwpPointerConstraintsV1Proxy } from '../../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { withNested } from '../../support/nested-fixture.ts';

const PERSISTENT = 2;
/** The area's rectangles times the requests are far more than is ever queued for a server. */
const RECTS = 500;
const ROUNDS = 4_000;

test('clients are held, however much they ask for, and go on when the host does', async () => {
  await withNested({ mode: 'composited' }, (fixture) => {
    const hog = fixture.connect();
    hog.bindSeat({ keyboard: fixture.inner.seat.keyboard.present });
    const window = hog.window(200, 200, 0xff0000);
    const { x = 0, y = 0 } = fixture.inner.shell.windows[0]?.rectangle ?? {};
    fixture.host.seat.pointer.moveTo(x + 50, y + 50);
    fixture.settle();
    const region = hog.compositor.createRegion();
    for (let index = 0; index < RECTS; index++) region.add(0, 2 * index, 200, 1);
    fixture.settle();
    const [held] = fixture.host.display.clients;
    held!.pause('test');
    const constraints = hog.bind(ZwpPointerConstraintsV1Proxy);
    for (let round = 0; round < ROUNDS; round++) {
      constraints.confinePointer(window.surface, hog.pointer, region, PERSISTENT).destroy();
      if (round % 100 === 0) fixture.settle();
    }
    fixture.settle();
    expect(fixture.lost).toBeUndefined();
    const [served] = fixture.inner.display.clients;
    expect(served!.paused).toBe(true);
    const late = fixture.connect();
    let answered = false;
    late.display.sync(() => (answered = true));
    fixture.settle();
    expect(answered).toBe(false);

    held!.resume('test');
    fixture.settle();
    expect(fixture.lost).toBeUndefined();
    expect(served!.paused).toBe(false);
    expect(answered).toBe(true);
    hog.window(40, 40, 0x00ff00);
    fixture.frames();
    expect(fixture.picture()).toContain(0x00ff00);
  });
}, 60_000);
