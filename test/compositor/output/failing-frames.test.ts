/** A frame that cannot be made costs its output that frame, and nobody else anything. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HeadlessBackend } from '../../../compositor/backend/headless.ts';
import type { FrameToShow } from '../../../compositor/backend/backend.ts';
import { DesktopFixture } from '../../support/desktop-fixture.ts';
import type { ShellClient, TestWindow } from '../../support/shell-client.ts';

const SECOND_NS = 1_000_000_000n;
const RED = 0xff_00_00;
const GREEN = 0x00_ff_00;

/** A user's backend with a mistake in it. */
class FailingBackend extends HeadlessBackend {
  /** Outputs whose frames fail. */
  readonly failing = new Set<string>();
  attempts = 0;

  override show(frame: FrameToShow): 'timed' {
    if (this.failing.has(frame.output.name)) {
      this.attempts++;
      throw new Error('a mistake');
    }
    return super.show(frame);
  }
}

let fixture: DesktopFixture;
let backend: FailingBackend;
let client: ShellClient;
let left: TestWindow;

beforeEach(() => {
  fixture = new DesktopFixture({
    outputs: [
      { width: 100, height: 100 },
      { width: 100, height: 100 },
    ],
    backend: ({ outputs }) => (backend = new FailingBackend(outputs)),
  });
  client = fixture.connect();
  left = client.openWindow(100, 100, RED);
  fixture.frames();
});

afterEach(() => fixture.dispose());

/** Those there were; none of them is a mistake of the test's. */
function takeErrors(): string[] {
  return fixture.logged.splice(0).filter((line) => line.startsWith('error'));
}

function wantsFrame(window: TestWindow): { done: boolean } {
  const wanted = { done: false };
  window.surface.frame().handler = {
    done: () => {
      wanted.done = true;
    },
  };
  return wanted;
}

test('the output goes on with the next frame, which shows what the failed one had to', () => {
  backend.failing.add('HEADLESS-1');
  const wanted = wantsFrame(left);
  client.draw(left, 100, 100, GREEN);
  fixture.frames();
  expect(fixture.pixel(10, 10)).toBe(RED);
  expect(wanted.done).toBe(false);
  expect(takeErrors()[0]).toMatch(
    /^error: output HEADLESS-1: its frame failed: Error: a mistake\n +at /,
  );
  backend.failing.clear();
  fixture.advance(SECOND_NS);
  expect(fixture.pixel(10, 10)).toBe(GREEN);
  expect(wanted.done).toBe(true);
});

test('the other output shows its frames all the same', () => {
  const [, other] = fixture.compositor.outputs;
  if (!other) throw new Error('there is one output only');
  backend.failing.add('HEADLESS-1');
  let frames = 0;
  const remove = fixture.compositor.desktop.addFrameListener({
    presented: (output) => {
      if (output === other) frames++;
    },
  });
  fixture.compositor.desktop.damageAll(other);
  client.draw(left, 100, 100, GREEN);
  fixture.frames();
  remove();
  expect(frames).toBe(1);
  takeErrors();
});

test('failures in a row are tried ever more rarely, and hardly told of', () => {
  backend.failing.add('HEADLESS-1');
  client.draw(left, 100, 100, GREEN);
  fixture.advance(60n * SECOND_NS);
  expect(backend.attempts).toBeGreaterThan(55);
  expect(backend.attempts).toBeLessThan(70);
  expect(takeErrors().map((line) => line.split('\n')[0])).toEqual(
    ['', ' 2', ' 4', ' 8', ' 16', ' 32', ' 64'].map((count) =>
      expect.stringContaining(
        `its frame failed${count === '' ? '' : `${count} times in a row`}: Error: a mistake`,
      ),
    ),
  );
  backend.failing.clear();
  fixture.advance(2n * SECOND_NS);
  expect(fixture.pixel(10, 10)).toBe(GREEN);
  // The count begins anew.
  backend.failing.add('HEADLESS-1');
  client.draw(left, 100, 100, RED);
  fixture.frames();
  expect(takeErrors()[0]).toContain('its frame failed: Error: a mistake');
});

test('an output whose frame fails can be removed', () => {
  backend.failing.add('HEADLESS-1');
  client.draw(left, 100, 100, GREEN);
  fixture.frames();
  const [output] = fixture.compositor.outputs;
  if (output) fixture.compositor.desktop.removeOutput(output);
  fixture.advance(5n * SECOND_NS);
  expect(fixture.clock.pendingTimers).toBe(0);
  takeErrors();
});

test('a listener that fails keeps frames from nobody', () => {
  const shown: string[] = [];
  const { desktop } = fixture.compositor;
  desktop.addFrameListener({
    latched: () => {
      throw new Error('not mine');
    },
  });
  desktop.addFrameListener({ presented: ({ name }) => shown.push(name) });
  const wanted = wantsFrame(left);
  client.draw(left, 100, 100, GREEN);
  fixture.frames();
  expect(shown).toContain('HEADLESS-1');
  expect(wanted.done).toBe(true);
  expect(takeErrors()[0]).toMatch(/^error: a frame listener failed: Error: not mine\n/);
});
