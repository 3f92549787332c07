/** The window management there is when nobody asks for another: small. */
import type { Output } from '../output/output.ts';
import type { Shell } from './shell.ts';
import type { Toplevel } from './toplevel.ts';
import type { WindowManager } from './window-manager.ts';

/** Pixels between windows of a cascade. */
const CASCADE_STEP = 32;

/** Cascade placement, click to raise and focus, new windows in front, dialogs over their parents. */
export function standardWindowManager(shell: Shell): WindowManager {
  const place = (toplevel: Toplevel): void => {
    const output = shell.activeOutput;
    if (!output) return shell.move(toplevel, 0, 0);
    const { width, height } = toplevel.geometry;
    const { parent } = toplevel;
    if (parent?.mapped) {
      const over = parent.rectangle;
      const x = over.x + Math.round((over.width - width) / 2);
      const y = over.y + Math.round((over.height - height) / 2);
      return shell.move(toplevel, Math.max(output.x, x), Math.max(output.y, y));
    }
    const { x, y } = cascadePlace(shell, toplevel, output);
    shell.move(toplevel, x, y);
  };

  return {
    initialCommit: (toplevel) => {
      const output = shell.activeOutput;
      if (output) toplevel.setBounds(output.width, output.height);
    },
    mapped: (toplevel) => {
      if (!toplevel.placed || !shell.outputAt(toplevel.x, toplevel.y)) place(toplevel);
      shell.activate(toplevel);
    },
    unmapped: () => shell.activateTopmost(),
    pressed: (toplevel) => shell.activate(toplevel),
    maximizeRequested: (toplevel, wanted) => shell.setMaximized(toplevel, wanted),
    fullscreenRequested: (toplevel, wanted, output) =>
      shell.setFullscreen(toplevel, wanted, output),
    minimizeRequested: (toplevel) => shell.minimize(toplevel),
    activationRequested: (toplevel) => shell.activate(toplevel),
    outputsChanged: () => shell.keepOnOutputs(),
  };
}

/** The first step of the cascade that fits and where the fewest windows have their corner: closed windows leave no gap. */
function cascadePlace(
  shell: Shell,
  toplevel: Toplevel,
  output: Output,
): { readonly x: number; readonly y: number } {
  const { width, height } = toplevel.geometry;
  const roomX = Math.max(0, output.width - width);
  const roomY = Math.max(0, output.height - height);
  const steps = Math.max(1, Math.floor(Math.min(roomX, roomY) / CASCADE_STEP));
  let best = { x: output.x, y: output.y };
  let bestTaken = Infinity;
  for (let step = 1; step <= steps && bestTaken > 0; step++) {
    const x = output.x + Math.min(step * CASCADE_STEP, roomX);
    const y = output.y + Math.min(step * CASCADE_STEP, roomY);
    const taken = shell.windows.filter(
      (other) => other !== toplevel && other.x === x && other.y === y,
    ).length;
    if (taken < bestTaken) {
      best = { x, y };
      bestTaken = taken;
    }
  }
  return best;
}
