/** weston without a screen, as somebody else's compositor. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './apps-control.ts';
import type { RunningProgram, Session } from './apps-session.ts';

/** Ready to be connected to as WAYLAND_DISPLAY=weston. Its seat has no pointer and no keyboard. */
export async function startWeston(
  session: Session,
  env: NodeJS.ProcessEnv = {},
): Promise<RunningProgram> {
  const args = ['--backend=headless-backend.so', '--socket=weston', '--no-config', '--idle-time=0'];
  const weston = session.run('weston', args, env);
  const socket = join(session.directory, 'weston');
  await until(
    "weston's socket",
    () => existsSync(socket) || !weston.running,
    () => weston.output,
  );
  if (!weston.running) throw new Error(`weston ended:\n${weston.output}`);
  return weston;
}
