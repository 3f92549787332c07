/** Random clients, input and outputs: whatever they do, the compositor logs no error of its own and nothing is left. */
import fc from 'fast-check';
import { test } from 'vitest';
import { withDesktop, type DesktopFixture } from '../../support/desktop-fixture.ts';
import {
  BUTTON_LEFT,
  type ShellClient,
  type TestPopup,
  type TestWindow,
} from '../../support/shell-client.ts';

const STEPS = 60;
const RUNS = 60;

interface State {
  readonly fixture: DesktopFixture;
  clients: ShellClient[];
  windows: { client: ShellClient; window: TestWindow }[];
  popups: { client: ShellClient; popup: TestPopup }[];
}

/** One step: two numbers choose what it is about. */
type Step = (state: State, a: number, b: number) => void;

const pick = <T>(list: readonly T[], a: number): T | undefined =>
  list[a % Math.max(1, list.length)];
const isOpen = ({ client }: { client: ShellClient }): boolean => client.display.open;

const STEPS_TO_CHOOSE: readonly Step[] = [
  (state) => {
    if (state.clients.length < 4) state.clients.push(state.fixture.connect());
  },
  (state, a, b) => {
    const client = pick(state.clients, a);
    if (client)
      state.windows.push({ client, window: client.openWindow(10 + (b % 90), 10 + (a % 90)) });
  },
  (state, a, b) => {
    const entry = pick(state.windows, a);
    if (entry) entry.client.draw(entry.window, 1 + (b % 200), 1 + (a % 200));
  },
  (state, a, b) => {
    const entry = pick(state.windows, a);
    if (!entry) return;
    const positioner = entry.client.positioner(1 + (b % 60), 1 + (a % 60), [b % 50, a % 50, 5, 5]);
    positioner.setAnchor((a % 9) as 0);
    positioner.setGravity((b % 9) as 0);
    positioner.setConstraintAdjustment(a % 64);
    const popup = entry.client.createPopup(entry.window.xdgSurface, positioner);
    if (b % 2 === 0) popup.popup.grab(entry.client.seat, entry.client.serials.press);
    popup.surface.commit();
    state.fixture.settle();
    if (popup.configures.length > 0) entry.client.draw(popup, 20, 20);
    state.popups.push({ client: entry.client, popup });
  },
  (state, a) => {
    const entry = pick(state.popups, a);
    if (!entry) return;
    state.popups = state.popups.filter((other) => other !== entry);
    entry.popup.popup.destroy();
    entry.popup.xdgSurface.destroy();
    entry.popup.surface.destroy();
  },
  (state, a, b) => {
    const toplevel = pick(state.windows, a)?.window.toplevel;
    if (b % 6 === 0) toplevel?.setMaximized();
    else if (b % 6 === 1) toplevel?.unsetMaximized();
    else if (b % 6 === 2) toplevel?.setFullscreen(null);
    else if (b % 6 === 3) toplevel?.unsetFullscreen();
    else if (b % 6 === 4) toplevel?.setMinimized();
    else toplevel?.setParent(pick(state.windows, b)?.window.toplevel ?? null);
  },
  (state, a, b) => {
    const entry = pick(state.windows, a);
    if (b % 2 === 0) entry?.window.toplevel.move(entry.client.seat, entry.client.serials.press);
    else entry?.window.toplevel.resize(entry.client.seat, entry.client.serials.press, 6);
  },
  (state, a) => {
    const entry = pick(state.windows, a);
    entry?.window.surface.attach(null, 0, 0);
    entry?.window.surface.commit();
  },
  (state, a) => {
    const entry = pick(state.windows, a);
    if (!entry) return;
    state.windows = state.windows.filter((other) => other !== entry);
    entry.window.toplevel.destroy();
    entry.window.xdgSurface.destroy();
    entry.window.surface.destroy();
  },
  (state, a, b) => state.fixture.compositor.seat.pointer.moveTo(a % 450, b % 350),
  (state, a) => state.fixture.compositor.seat.pointer.button(BUTTON_LEFT + (a % 2), a % 3 !== 0),
  (state, a, b) => state.fixture.compositor.seat.touch.down(a % 3, b % 400, a % 300),
  (state, a) => state.fixture.compositor.seat.touch.up(a % 3),
  (state, a, b) => state.fixture.compositor.seat.keyboard.key(30 + (a % 4), b % 2 === 0),
  (state, a) => {
    const client = pick(state.clients, a);
    client?.display.close();
  },
  (state, a, b) => {
    const { desktop } = state.fixture.compositor;
    const [output] = desktop.outputs;
    if (b % 3 === 0 && desktop.outputs.length > 1) desktop.removeOutput(desktop.outputs[1]!);
    else if (b % 3 === 1 && desktop.outputs.length < 3 && output) {
      desktop.addOutput({ ...output.description, name: `NEW-${a}`, x: 400 });
    } else output?.change({ scale: 1 + (a % 3), transform: (b % 8) as 0 });
  },
  (state) => state.fixture.frames(),
];

test('random windows, popups, input and outputs', { timeout: 120_000 }, () => {
  const number = fc.nat({ max: 10_000 });
  const step = fc.tuple(fc.nat({ max: STEPS_TO_CHOOSE.length - 1 }), number, number);
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: STEPS }), (steps) => {
      // Ending the fixture throws for each error the compositor logged and for each thing that was left.
      withDesktop({}, (fixture) => {
        const state: State = { fixture, clients: [fixture.connect()], windows: [], popups: [] };
        for (const [kind, a, b] of steps) {
          STEPS_TO_CHOOSE[kind]?.(state, a, b);
          fixture.settle();
          state.clients = state.clients.filter((client) => client.display.open);
          state.windows = state.windows.filter(isOpen);
          state.popups = state.popups.filter(isOpen);
        }
        fixture.frames();
      });
    }),
    { seed: 1, numRuns: RUNS },
  );
});
