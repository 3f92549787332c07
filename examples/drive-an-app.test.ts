/**
 * Testing a Wayland program with Vitest: each test has a compositor of its own, inside this process and without a screen.
 *
 * In a project of yours: `npm install PATH-OF-THIS-CLONE vitest` once the clone is set up (`npm run setup`), then `npx vitest run`; here:
 */
import { spawnSync } from 'node:child_process';
import { AppSession } from 'syncline/compositor';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The program under test: a terminal (Debian: apt install foot). */
const found = spawnSync('foot', ['--version']).status === 0;

let session: AppSession;
beforeEach(() => {
  session = AppSession.start({ outputs: [{ width: 800, height: 600 }] });
});
afterEach(() => session.stop());

test.skipIf(!found)(`a terminal runs what is typed${found ? '' : ' (no foot)'}`, async () => {
  const foot = session.launch('foot', ['--title', 'under test', 'sh']);
  const window = await session.waitForWindow({ title: 'under test' });
  expect(window.active).toBe(true);
  window.click(50, 50);
  session.type('exit 7\n');
  expect(await foot.exited).toBe(7);
  expect(session.windows()).toEqual([]);
});

test.skipIf(!found)(`what it shows${found ? '' : ' (no foot)'}`, async () => {
  // Colours: background blue, and nothing drawn in it.
  const options = ['-o', 'colors.background=0000ff', '-o', 'cursor.style=underline'];
  session.launch('foot', [...options, '--fullscreen', 'cat']);
  const window = await session.waitForWindow();
  await session.waitUntil('the terminal over the whole output', () => {
    return window.rectangle.width === 800;
  });
  await session.waitUntil('its background', () => session.pixel(790, 590) === 0x0000ff);
  session.type('hello\n');
  await window.waitForFrame();
  expect(session.screenshot()?.subarray(1, 4).toString()).toBe('PNG');
});
