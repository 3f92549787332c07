/** How a nested compositor shows what its clients draw. */

/**
 * - `auto`: pass-through where the host can, else composited.
 * - `composited`: one picture, drawn by us.
 * - `pass-through`: each client surface a subsurface of our window, with the client's own buffer; refused where the host cannot.
 */
export type NestedMode = (typeof NESTED_MODES)[number];

/** The default first. */
export const NESTED_MODES = ['auto', 'composited', 'pass-through'] as const;
