/** The folder a run shares with its guest: what to run and where, plus the sockets of its streams. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './project.ts';

export interface GuestCommand {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Absolute; the same in the guest as on the host. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Of the host's environment, what is about the host's own session and would be wrong in the guest. */
const HOST_ONLY =
  /^(DISPLAY|WAYLAND_\w+|XAUTHORITY|DBUS_\w+|XDG_RUNTIME_DIR|XDG_SESSION_\w+|SSH_\w+|TMPDIR|PWD|OLDPWD|SHLVL|_)$/;

/** Where `--out DIR` appears in the guest. */
export const GUEST_OUT = '/tmp/syncline-out';

/**
 * Writes the files init.sh reads. The caller removes the folder. It is readable by its owner only: the environment may hold secrets.
 */
export function makeRunFolder(
  guest: GuestCommand,
  options: { endMark: string; shareOut: boolean },
): string {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-vm-'));
  const settings = `END_MARK=${options.endMark}\nSHARE_OUT=${options.shareOut ? 1 : 0}\n`;
  writeFileSync(join(folder, 'settings'), settings);
  writeFileSync(join(folder, 'keep'), `${projectRoot}\n${guest.cwd}\n`);
  writeFileSync(join(folder, 'command'), commandScript(guest, options.shareOut));
  return folder;
}

function commandScript(guest: GuestCommand, shareOut: boolean): string {
  const environment = Object.entries(guest.env)
    .filter(([name, value]) => value !== undefined && !HOST_ONLY.test(name))
    .map(([name, value]) => `${name}=${value}`);
  environment.push('XDG_RUNTIME_DIR=/run/user/0', 'SYNCLINE_VM=1', 'SYNCLINE_NO_SETUP=1');
  if (shareOut) environment.push(`SYNCLINE_OUT=${GUEST_OUT}`);
  const words = ['exec', 'env', '-i', ...environment.map(quoted), ...guest.command.map(quoted)];
  return `cd ${quoted(guest.cwd)} || exit 125\n${words.join(' ')}\n`;
}

/** One word for sh, whatever it contains. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
