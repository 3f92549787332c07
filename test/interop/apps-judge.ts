/** Runs each of Debian's programs on a compositor that is set up once, and judges it by its frames, its picture and its leaving. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianPackages, type PackagesAvailable } from '../support/debian.ts';
import {
  until,
  type Control,
  type SurfaceReport,
  type WindowReport,
  TIMEOUT_MS,
} from './apps-control.ts';
import type { Picture } from './apps-picture.ts';
import { BASE_PACKAGES, PROGRAMS, type Program } from './apps-programs.ts';
import { Session, type RunningCompositor, type RunningProgram } from './apps-session.ts';

/** Clients of each program get numbers from here on, so that its surfaces are told from all others. */
const CLIENTS_PER_PROGRAM = 100;

/** A compositor programs can be run in. */
export interface Stage {
  readonly compositor: RunningCompositor;
  readonly control: Control;
  /** Takes the pictures: the compositor itself, or its host with its window in the upper left corner. */
  readonly camera: Control;
}

/** With SYNCLINE_SCREENSHOTS=DIR, a PNG of each program goes there. */
const SCREENSHOTS = process.env['SYNCLINE_SCREENSHOTS'];

const base = debianPackages(...BASE_PACKAGES);
const available = new Map(
  PROGRAMS.map(({ name, packages }) => [
    name,
    packages.length > 0 ? debianPackages(...packages) : base,
  ]),
);

/** Defines a test for each program in the catalogue. */
export function testPrograms(where: string, build: (session: Session) => Promise<Stage>): void {
  describe.skipIf(!base.ok)(`${where}${reason(base)}`, () => {
    let session: Session;
    let stage: Stage;
    let started = 0;
    beforeAll(async () => {
      session = new Session();
      stage = await build(session);
    }, TIMEOUT_MS);
    afterAll(async () => {
      stage?.control.close();
      stage?.camera.close();
      await session.dispose();
    });

    for (const program of PROGRAMS) {
      const packages = available.get(program.name) ?? base;
      const title = `${program.name}${reason(packages)}`;
      test.skipIf(!packages.ok)(title, { timeout: TIMEOUT_MS }, async () => {
        const firstClient = ++started * CLIENTS_PER_PROGRAM;
        await judge(session, stage, program, firstClient, where);
      });
    }

    test('the compositor had nothing to complain of', () => {
      expect(stage.compositor.program.running).toBe(true);
      expect(stage.compositor.program.output).not.toMatch(/error/i);
    });
  });
}

async function judge(
  session: Session,
  stage: Stage,
  program: Program,
  firstClient: number,
  where: string,
): Promise<void> {
  const { compositor, control } = stage;
  await control.ask('client', { client: firstClient });
  const own = ({ client }: SurfaceReport): boolean =>
    client >= firstClient && client < firstClient + CLIENTS_PER_PROGRAM;
  const [file = '', ...args] = program.command;
  const running = session.run(file, args, { ...program.env, WAYLAND_DISPLAY: compositor.name });
  try {
    await watch(stage, program, running, own, where);
  } finally {
    // Also one that failed: its window would be in the pictures of the next.
    await running.end();
  }
  await until(`the surfaces of ${program.name} to go`, async () => {
    return !(await control.surfaces()).some(own);
  });
}

/** Waits for its frames and its picture, and sees that it goes on without an error. */
async function watch(
  stage: Stage,
  program: Program,
  running: RunningProgram,
  own: (surface: SurfaceReport) => boolean,
  where: string,
): Promise<void> {
  const { compositor, control } = stage;
  const output = (): string => `${running.output}\n${compositor.program.output}`;

  let frames = 0;
  await until(
    `${program.frames} frames of ${program.name}`,
    async () => {
      const surfaces = (await control.surfaces()).filter(own);
      frames = Math.max(0, ...surfaces.map(({ framesPresented }) => framesPresented));
      return frames >= program.frames || !running.running;
    },
    () => `${frames} frames\n${output()}`,
  );
  expect(running.running, output()).toBe(true);
  const window = await control.shownWindow(own);
  await seePicture(stage, program, window, own, where);
  expect(running.running, output()).toBe(true);
  // As libwayland prints them: "wl_display@1: error 1: …".
  expect(running.output).not.toMatch(/error \d+:/);
}

/** Waits until the window looks as it should: some programs show a first frame before there is something on it. */
async function seePicture(
  { control, camera }: Stage,
  program: Program,
  first: WindowReport,
  own: (surface: SurfaceReport) => boolean,
  where: string,
): Promise<void> {
  let picture: Picture | undefined;
  try {
    await until(`the picture of ${program.name}`, async () => {
      const window = (await control.windows()).find(own) ?? first;
      picture = await camera.picture(window.geometry);
      return looksRight(picture, program);
    });
  } catch {
    // Says what is missing.
    const shares = program.shows.map(([colour]) => [colour, picture?.share(colour)]);
    expect({ colours: picture?.colours, shares }).toBe(program);
  }
  if (!SCREENSHOTS) return;
  const directory = join(SCREENSHOTS, fileName(where));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${fileName(program.name)}.png`), await camera.png());
}

function looksRight(picture: Picture, program: Program): boolean {
  if (picture.colours < program.colours) return false;
  return program.shows.every(([colour, share]) => picture.share(colour) >= share);
}

function reason(packages: PackagesAvailable): string {
  return packages.ok ? '' : ` (skipped: ${packages.reason})`;
}

function fileName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
