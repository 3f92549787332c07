/** Where windows go and who gets the keyboard is decided here, replaceable piece by piece. */
import type { Output } from '../output/output.ts';
import type { Shell } from './shell.ts';
import type { Toplevel } from './toplevel.ts';

/** Decides what the shell carries out. Called synchronously; may call the shell. */
export interface WindowManager {
  /** Before the first configure: the place to set a size or state with `toplevel.configure`. */
  initialCommit(toplevel: Toplevel): void;
  /** It has content now and a size: give it a place (`shell.move`) and perhaps the focus. */
  mapped(toplevel: Toplevel): void;
  /** It is no longer shown; the shell has taken it off its list. */
  unmapped(toplevel: Toplevel): void;
  /** A button or finger went down on it. */
  pressed(toplevel: Toplevel): void;
  maximizeRequested(toplevel: Toplevel, wanted: boolean): void;
  fullscreenRequested(toplevel: Toplevel, wanted: boolean, output: Output | null): void;
  minimizeRequested(toplevel: Toplevel): void;
  /** Somebody with a valid token asks for its activation. */
  activationRequested(toplevel: Toplevel): void;
  /** Outputs came, went or changed. */
  outputsChanged(): void;
  /** As at start. */
  reset?(): void;
}

/** Makes a window manager: usually `(shell, standard) => ({ ...standard, mapped: … })`. */
export type WindowManagerFactory = (shell: Shell, standard: WindowManager) => WindowManager;
