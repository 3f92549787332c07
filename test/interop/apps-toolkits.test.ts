/** Toolkits and other compositors inside ours: GTK 4 with its popups, Xwayland, weston as a nested client. */
import { PNG } from 'pngjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { debianPackages } from '../support/debian.ts';
import { type Control, pause, Session } from './apps-support.ts';

const TIMEOUT_MS = 90_000;
const BUTTON_LEFT = 272;

const gtk = debianPackages('gtk-4-examples', 'fonts-dejavu-core');
const x11 = debianPackages('xwayland', 'x11-apps');
const weston = debianPackages('weston');
const why = (packages: ReturnType<typeof debianPackages>): string =>
  packages.ok ? '' : ` (skipped: ${packages.reason})`;

let session: Session;
beforeEach(() => {
  session = new Session();
});
afterEach(() => session.dispose());

/** Waits until the picture has more colours than `count`. */
async function untilColourful(control: Control, count: number): Promise<void> {
  for (;;) {
    const { data } = PNG.sync.read(await control.screenshot());
    const seen = new Set<number>();
    for (let at = 0; at < data.length && seen.size <= count; at += 4)
      seen.add(data.readUInt32LE(at));
    if (seen.size > count) return;
    await pause(100);
  }
}

test.skipIf(!gtk.ok)(
  `a GTK 4 application: window, menu with a grab, closed by a press elsewhere${why(gtk)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const compositor = session.start('main', [
      '--size',
      '1500x900',
      '--',
      'env',
      'GDK_BACKEND=wayland',
      'GSK_RENDERER=cairo',
      'gtk4-widget-factory',
    ]);
    const control = await compositor.controlled();
    const { client, surface } = await control.window(({ framesPresented }) => framesPresented > 0);
    await untilColourful(control, 50);
    await control.ask('position', { client, surface, x: 0, y: 0 });
    const popups = async (): Promise<number> =>
      (await control.surfaces()).filter(({ role, mapped }) => role === 'xdg_popup' && mapped)
        .length;
    const click = async (x: number, y: number): Promise<void> => {
      await control.ask('pointer_move_absolute', { x: x - 1, y });
      await control.ask('pointer_move_absolute', { x, y });
      await control.ask('pointer_button', { button: BUTTON_LEFT, pressed: true });
      await control.ask('pointer_button', { button: BUTTON_LEFT, pressed: false });
    };
    // The menu button at the right end of the header bar, a few pixels from the close button.
    const width = (await control.window()).geometry?.width ?? 0;
    await click(width - 72, 22);
    while ((await popups()) === 0) await pause(50);
    await click(1499, 899);
    while ((await popups()) > 0) await pause(50);
    control.close();
    expect(compositor.program.output).not.toMatch(/error \d+:/);
  },
);

test.skipIf(!x11.ok)(
  `Xwayland with an X11 client${why(x11)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    // -displayfd: Xwayland finds a free number and starts the client's shell command with it.
    const script =
      'Xwayland -shm -displayfd 3 3>display & while ! [ -s display ]; do sleep 0.05; done; DISPLAY=:$(cat display) exec xclock -update 1';
    const compositor = session.start('main', [
      '--',
      'sh',
      '-c',
      `cd ${session.directory}; ${script}`,
    ]);
    const control = await compositor.controlled();
    await control.window(({ framesPresented }) => framesPresented > 0);
    await untilColourful(control, 1);
    control.close();
    expect(compositor.program.output).not.toMatch(/error \d+:/);
  },
);

test.skipIf(!weston.ok)(
  `weston as a window of ours, with a client in it${why(weston)}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const weston10 = 'weston --backend=wayland-backend.so --use-pixman --no-config --socket=inside';
    const wait = 'while ! [ -e "$XDG_RUNTIME_DIR/inside" ]; do sleep 0.05; done';
    const compositor = session.start('main', [
      '--',
      'sh',
      '-c',
      `${weston10} & ${wait}; WAYLAND_DISPLAY=inside exec weston-simple-shm`,
    ]);
    const control = await compositor.controlled();
    await control.window(({ framesPresented }) => framesPresented > 0);
    await untilColourful(control, 50);
    const before = await control.frames();
    await pause(1000);
    expect((await control.frames()) - before).toBeGreaterThan(5);
    control.close();
    expect(compositor.program.output).not.toMatch(/error \d+:/);
  },
);
