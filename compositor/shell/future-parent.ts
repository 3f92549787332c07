/** Where a popup's parent will be when the popup is seen (xdg-shell.xml: set_parent_size, set_parent_configure). */
import type { Output } from '../output/output.ts';
import type { PopupParent } from './popup.ts';
import type { PositionerRules, Rectangle } from './positioner.ts';
import type { Toplevel, ToplevelConfigure } from './toplevel.ts';

type Size = Pick<Rectangle, 'width' | 'height'>;

/**
 * The parent's window geometry in the global space, after the configure event the rules name, at the size they name: a window that
 * covers an output goes to its corner, one that is resized at its left edge moves. Without either: where it is.
 */
export function futureParent(parent: PopupParent, rules: PositionerRules): Rectangle {
  const { parentConfigure, parentWidth, parentHeight } = rules;
  const { width, height } = parent.geometry;
  const now = { x: parent.x, y: parent.y, width, height };
  const pending =
    parentConfigure === undefined ? null : parent.shellSurface.pendingConfigure(parentConfigure);
  const told =
    parentWidth === undefined || parentHeight === undefined
      ? null
      : { width: parentWidth, height: parentHeight };
  // What was applied already, or was never sent, is no future.
  if (!pending && (parentConfigure !== undefined || !told)) return now;
  if (parent.roleName === 'xdg_popup') return parent.rectangleAfter(pending) ?? now;
  const configure = (pending as ToplevelConfigure | null) ?? parent.acknowledged;
  const size = told ?? { width: configure.width || width, height: configure.height || height };
  return { ...size, ...futurePlace(parent, configure, now, size) };
}

/** The place of a window of this size which covers the output. */
export function coveringPlace(output: Output, { width, height }: Size): { x: number; y: number } {
  return {
    x: output.x + Math.max(0, Math.floor((output.width - width) / 2)),
    y: output.y + Math.max(0, Math.floor((output.height - height) / 2)),
  };
}

function futurePlace(
  toplevel: Toplevel,
  { maximized, fullscreen }: ToplevelConfigure,
  now: Rectangle,
  size: Size,
): { x: number; y: number } {
  const { acknowledged, output, floating, anchorRight, anchorBottom } = toplevel;
  if ((maximized || fullscreen) && output) return coveringPlace(output, size);
  if ((acknowledged.maximized || acknowledged.fullscreen) && floating) {
    return { x: floating.x, y: floating.y };
  }
  return {
    x: now.x + (anchorRight ? now.width - size.width : 0),
    y: now.y + (anchorBottom ? now.height - size.height : 0),
  };
}
