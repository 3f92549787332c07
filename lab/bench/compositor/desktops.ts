/** The compositors under measurement: each headless, composing with pixman, with one output of the same size. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../kernel/project.ts';
import { BenchUnavailableError } from '../errors.ts';
import { sidTree, sidTreeAtHand } from '../sid-tree.ts';

const PROGRAM = join(projectRoot, 'cli', 'syncline.mjs');
/** Whether the checkout has to be set up is a matter of development. */
const PROGRAM_ENV = { SYNCLINE_NO_SETUP: '1' };
const SOCKET = 'bench';
const WIDTH = 1280;
const HEIGHT = 720;
const WLROOTS_ENV = {
  WLR_BACKENDS: 'headless',
  WLR_RENDERER: 'pixman',
  WLR_LIBINPUT_NO_DEVICES: '1',
};

/** How to start one. */
export interface DesktopKind {
  readonly name: string;
  readonly command: string;
  /** What runs `command`, where it does not run by itself. */
  readonly loader?: readonly string[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Name of its socket in the runtime folder. */
  readonly socket: string;
  /** It does not run as root: root starts it as nobody. */
  readonly refusesRoot?: boolean;
  /** Files it reads, made in the folder it is started in. */
  readonly files?: Readonly<Record<string, string>>;
}

export const SYNCLINE: DesktopKind = {
  name: 'syncline',
  command: process.execPath,
  args: [
    PROGRAM,
    'compositor',
    '--gpus',
    'none',
    '--socket',
    SOCKET,
    '--size',
    `${WIDTH}x${HEIGHT}`,
  ],
  env: PROGRAM_ENV,
  socket: SOCKET,
};

/** Ours as a window of the compositor whose socket this is. */
export function nestedSyncline(
  mode: 'composited' | 'pass-through',
  hostSocket: string,
): DesktopKind {
  return {
    ...SYNCLINE,
    args: [...SYNCLINE.args, '--backend', 'nested', '--nested-mode', mode],
    env: { ...PROGRAM_ENV, WAYLAND_DISPLAY: hostSocket },
  };
}

export const WESTON: DesktopKind = {
  name: 'weston',
  command: 'weston',
  args: [
    '--backend=headless-backend.so',
    '--use-pixman',
    `--width=${WIDTH}`,
    `--height=${HEIGHT}`,
    `--socket=${SOCKET}`,
    '--no-config',
    '--idle-time=0',
  ],
  socket: SOCKET,
};

/** Tiles its windows; their clients draw in the size they like all the same. */
export const SWAY: DesktopKind = {
  name: 'sway',
  command: 'sway',
  args: ['--config', 'sway-config'],
  env: WLROOTS_ENV,
  socket: 'wayland-1',
  refusesRoot: true,
  files: { 'sway-config': `xwayland disable\noutput * resolution ${WIDTH}x${HEIGHT}\n` },
};

const LABWC: DesktopKind = {
  name: 'labwc',
  command: 'labwc',
  args: ['--config-dir', '.'],
  env: WLROOTS_ENV,
  socket: 'wayland-0',
};

/**
 * labwc as it is installed, else that of Debian sid: not every Debian has it. Throws a BenchUnavailableError. `mayDownload`: with some
 * 80 MB of packages, the first time.
 */
export async function labwc(mayDownload: boolean): Promise<DesktopKind> {
  if (describeDesktop(LABWC) !== undefined) return LABWC;
  if (!mayDownload && !sidTreeAtHand(LABWC.command)) {
    throw new BenchUnavailableError('not installed, and sid’s is not downloaded for a quick look');
  }
  const { folder, loader } = await sidTree(LABWC.command);
  return { ...LABWC, name: 'labwc of sid', command: join(folder, 'usr', 'bin', 'labwc'), loader };
}

/** What it is compared as: "weston 10.0.1, headless, pixman". Undefined when it is not installed. */
export function describeDesktop({ command, loader = [], name }: DesktopKind): string | undefined {
  // env becomes what runs it.
  const { error, status, stdout } = spawnSync('env', [...loader, command, '--version'], {
    encoding: 'utf8',
  });
  if (error || status !== 0) return undefined;
  const version = /\d+(\.\d+)+/.exec(stdout)?.[0] ?? '';
  return `${name} ${version}, headless, pixman`;
}
