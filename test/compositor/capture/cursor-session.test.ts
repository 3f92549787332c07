/** Cursor sessions: where the cursor is on the source, and its image. */
import { expect, test } from 'vitest';
import type { ExtImageCaptureSourceV1Proxy } from '../../../protocols/generated/ext-image-capture-source-v1.client.ts';
import { CaptureClient, type SeenSession, watchSession } from '../../support/capture-client.ts';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import type { ShellClient } from '../../support/shell-client.ts';

const RED = 0xff0000;
const GREEN = 0x00ff00;

interface CursorSession {
  readonly events: string[];
  readonly session: SeenSession;
}

function cursorSession(
  capture: CaptureClient,
  source: ExtImageCaptureSourceV1Proxy,
): CursorSession {
  const events: string[] = [];
  const proxy = capture.manager.createPointerCursorSession(source, capture.client.pointer);
  proxy.handler = {
    enter: () => events.push('enter'),
    leave: () => events.push('leave'),
    position: (_, x, y) => events.push(`position ${x},${y}`),
    hotspot: (_, x, y) => events.push(`hotspot ${x},${y}`),
  };
  return { events, session: watchSession(proxy.getCaptureSession()) };
}

/** A window over everything whose cursor is 8 × 6 with its hot spot at 2,1. */
function showCursor(fixture: DesktopFixture, client: ShellClient): void {
  client.openWindow(400, 300, RED);
  fixture.frames();
  fixture.compositor.seat.pointer.moveTo(100, 100);
  fixture.settle();
  const surface = client.compositor.createSurface();
  client.pointer.setCursor(client.serials.enter, surface, 2, 1);
  surface.attach(client.buffer(8, 6, GREEN), 0, 0);
  surface.commit();
  fixture.frames();
}

test('an output’s cursor session tells place, hot spot and image', () => {
  withDesktop({ outputs: [{ width: 400, height: 300, scale: 2 }] }, (fixture) => {
    const client = fixture.connect();
    const capture = new CaptureClient(fixture.connect());
    const { events, session } = cursorSession(capture, capture.outputSource());
    fixture.settle();
    expect(session).toMatchObject({ size: { width: 1, height: 1 }, done: 1 });
    expect(events).toEqual([]);
    showCursor(fixture, client);
    expect(events.splice(0)).toEqual(['enter', 'position 200,200', 'hotspot 4,2']);
    expect(session).toMatchObject({ size: { width: 16, height: 12 }, done: 2 });
    const buffer = capture.buffer(session.size);
    const frame = capture.capture(session, buffer);
    fixture.frames();
    expect(frame.events).toEqual(['transform 0', 'damage 0,0 16x12', 'time', 'ready']);
    expect(buffer.pixel(15, 11) >>> 0).toBe(0xff00_ff00);
    fixture.compositor.seat.pointer.moveTo(50.5, 60);
    fixture.settle();
    expect(events.splice(0)).toEqual(['position 101,120']);
    client.pointer.setCursor(client.serials.enter, null, 0, 0);
    fixture.settle();
    expect(events).toEqual(['leave']);
    expect(session).toMatchObject({ size: { width: 1, height: 1 }, done: 3 });
  });
});

test('the cursor is on an output as soon as a part of its image is', () => {
  withDesktop(
    {
      outputs: [
        { width: 400, height: 300 },
        { width: 200, height: 300 },
      ],
    },
    (fixture) => {
      const client = fixture.connect();
      showCursor(fixture, client);
      const capture = new CaptureClient(fixture.connect());
      const { events } = cursorSession(capture, capture.outputSource(1));
      fixture.settle();
      expect(events).toEqual([]);
      fixture.compositor.seat.pointer.moveTo(396, 100);
      fixture.settle();
      expect(events.splice(0)).toEqual(['enter', 'position -4,100', 'hotspot 2,1']);
      fixture.compositor.seat.pointer.moveTo(390, 100);
      fixture.settle();
      expect(events).toEqual(['leave']);
    },
  );
});

test('on a turned output the image and its hot spot are turned', () => {
  withDesktop({ outputs: [{ width: 300, height: 400, transform: 1 }] }, (fixture) => {
    showCursor(fixture, fixture.connect());
    const capture = new CaptureClient(fixture.connect());
    const { events, session } = cursorSession(capture, capture.outputSource());
    fixture.settle();
    expect(session.size).toEqual({ width: 6, height: 8 });
    expect(events).toEqual(['enter', 'position 100,300', 'hotspot 1,6']);
  });
});

test('a window’s cursor session follows the window, and the pointer on it alone', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    showCursor(fixture, client);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const { shell } = fixture.compositor;
    const [toplevel] = shell.windows;
    if (!toplevel) throw new Error('no window');
    shell.move(toplevel, 10, 20);
    fixture.frames();
    const { events, session } = cursorSession(capture, source);
    fixture.settle();
    expect(events.splice(0)).toEqual(['enter', 'position 90,80', 'hotspot 2,1']);
    shell.move(toplevel, 30, 20);
    fixture.frames();
    expect(events.splice(0)).toEqual(['position 70,80']);
    fixture.connect().openWindow(400, 300);
    fixture.frames();
    expect(events).toEqual(['leave']);
    expect(session.stopped).toBe(0);
  });
});

test('with its source a cursor session stops', () => {
  withDesktop({}, (fixture) => {
    const client = fixture.connect();
    const window = client.openWindow(20, 20);
    const capture = new CaptureClient(fixture.connect());
    const [source] = capture.toplevelSources(() => fixture.settle());
    if (!source) throw new Error('no window listed');
    const { session } = cursorSession(capture, source);
    fixture.settle();
    window.toplevel.destroy();
    fixture.settle();
    expect(session.stopped).toBe(1);
  });
});
