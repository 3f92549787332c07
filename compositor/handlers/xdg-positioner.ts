/** xdg_positioner (xdg-shell.xml): collects the rules of a popup's place. */
import type { XdgPositionerResource } from '../../protocols/generated/xdg-shell.server.ts';
import { XdgPositionerError } from '../../protocols/generated/xdg-shell.interfaces.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { Edge, PositionerRules, Rectangle } from '../shell/positioner.ts';

const LAST_EDGE = 8;

interface Draft {
  size: { readonly width: number; readonly height: number } | null;
  anchorRect: Rectangle | null;
  anchor: Edge;
  gravity: Edge;
  constraintAdjustment: number;
  offsetX: number;
  offsetY: number;
  reactive: boolean;
  parentSize: { readonly width: number; readonly height: number } | null;
  parentConfigure: number | null;
}

export function createPositioner(resource: XdgPositionerResource): void {
  const draft: Draft = {
    size: null,
    anchorRect: null,
    anchor: 0,
    gravity: 0,
    constraintAdjustment: 0,
    offsetX: 0,
    offsetY: 0,
    reactive: false,
    parentSize: null,
    parentConfigure: null,
  };
  const invalid = (what: string): ProtocolError =>
    new ProtocolError(resource, XdgPositionerError.invalidInput, what);
  resource.data = draft;
  resource.handler = {
    destroy: () => undefined,
    setSize: (_, width, height) => {
      if (width <= 0 || height <= 0) throw invalid(`size of ${width}x${height}`);
      draft.size = { width, height };
    },
    setAnchorRect: (_, x, y, width, height) => {
      if (width < 0 || height < 0) throw invalid(`anchor rectangle of ${width}x${height}`);
      draft.anchorRect = { x, y, width, height };
    },
    setAnchor: (_, anchor) => {
      if (!isEdge(anchor)) throw invalid(`anchor ${anchor}`);
      draft.anchor = anchor;
    },
    setGravity: (_, gravity) => {
      if (!isEdge(gravity)) throw invalid(`gravity ${gravity}`);
      draft.gravity = gravity;
    },
    setConstraintAdjustment: (_, adjustment) => {
      draft.constraintAdjustment = adjustment;
    },
    setOffset: (_, x, y) => {
      draft.offsetX = x;
      draft.offsetY = y;
    },
    setReactive: () => {
      draft.reactive = true;
    },
    setParentSize: (_, width, height) => {
      draft.parentSize = { width, height };
    },
    setParentConfigure: (_, serial) => {
      draft.parentConfigure = serial;
    },
  };
}

/** A copy of the rules as they are now; null when size or anchor rectangle was never set. */
export function rulesOf(resource: XdgPositionerResource): PositionerRules | null {
  const { size, anchorRect, parentSize, parentConfigure, ...rest } = resource.data as Draft;
  if (!size || !anchorRect) return null;
  return {
    ...rest,
    ...size,
    anchorRect,
    ...(parentSize ? { parentWidth: parentSize.width, parentHeight: parentSize.height } : {}),
    ...(parentConfigure === null ? {} : { parentConfigure }),
  };
}

function isEdge(value: number): value is Edge {
  return value >= 0 && value <= LAST_EDGE;
}
