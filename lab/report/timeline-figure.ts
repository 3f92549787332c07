/** One run as a picture: above, the whole run with the frames each surface showed; below, each commit around the first event. */
import type { RunTimeline, TimelineCommit, TimelineSurface } from '../compare/timeline.ts';
import { escapeHtml } from './markup.ts';

const WIDTH = 920;
const LABEL_WIDTH = 74;
const PLOT_WIDTH = WIDTH - LABEL_WIDTH - 8;
const OVERVIEW_ROW = 11;
const OVERVIEW_TOP = 14;
const DETAIL_GAP = 22;
const SUBROW = 8;
const LANE_GAP = 8;
const MAX_SUBROWS = 6;
const BEFORE_US = 80_000;
const DETAIL_US = 600_000;
const US_PER_MS = 1000;

/** Class of a stroke → its path. */
type Strokes = Map<string, string>;

/** `scaleEndUs`: end of the overview's axis, the same for runs to be compared. */
export function timelineFigure(timeline: RunTimeline, scaleEndUs: number): string {
  const overview = new Axis(0, Math.max(scaleEndUs, 1));
  const firstUs = timeline.deviceEvents[0]?.atUs ?? timeline.endUs / 2;
  const startUs = Math.max(0, Math.round(firstUs) - BEFORE_US);
  const detail = new Axis(startUs, startUs + DETAIL_US);
  const overviewBottom = OVERVIEW_TOP + timeline.surfaces.length * OVERVIEW_ROW;
  const detailTop = overviewBottom + DETAIL_GAP;
  const parts = [
    zoomed(overview, detail, overviewBottom),
    shownFrames(timeline, overview),
    events(timeline, overview, 4, overviewBottom),
    `<text class="t" x="${LABEL_WIDTH}" y="${overviewBottom + 13}">0</text>`,
    `<text class="t e" x="${WIDTH - 8}" y="${overviewBottom + 13}">${ms(overview.endUs)}</text>`,
  ];
  let y = detailTop + 6;
  const strokes: Strokes = new Map();
  for (const lane of timeline.surfaces) {
    const rows = drawLane(lane, timeline, detail, y, strokes);
    parts.push(label(lane, y + 5));
    y += rows * SUBROW + LANE_GAP;
  }
  parts.splice(4, 0, grid(detail, detailTop, y));
  for (const [name, path] of strokes) parts.push(`<path class="${name}" d="${path}"/>`);
  parts.push(events(timeline, detail, detailTop, y));
  const height = y + 16;
  const named = `${timeline.scenario} under ${timeline.strategy}, seed ${timeline.seed}`;
  return `<figure class="run"><div class="wide"><svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(named)}">${parts.join('')}</svg></div>
<figcaption>${caption(timeline)}</figcaption></figure>`;
}

/** Time to horizontal position. */
class Axis {
  readonly startUs: number;
  readonly endUs: number;

  constructor(startUs: number, endUs: number) {
    this.startUs = startUs;
    this.endUs = endUs;
  }

  has(us: number): boolean {
    return us >= this.startUs && us <= this.endUs;
  }

  /** Clamped to the plot, tenths of a pixel. */
  x(us: number): number {
    const share = (us - this.startUs) / (this.endUs - this.startUs);
    return tenth(LABEL_WIDTH + PLOT_WIDTH * Math.min(1, Math.max(0, share)));
  }
}

function zoomed(overview: Axis, detail: Axis, bottom: number): string {
  const [from, to] = [overview.x(detail.startUs), overview.x(detail.endUs)];
  const right = LABEL_WIDTH + PLOT_WIDTH;
  const below = bottom + DETAIL_GAP;
  return `<path class="zoom" d="M${from} 8V${bottom}L${LABEL_WIDTH} ${below}H${right}L${to} ${bottom}V8Z"/>`;
}

function shownFrames({ surfaces }: RunTimeline, axis: Axis): string {
  let path = '';
  const lines = surfaces.map((_, index) => {
    const y = OVERVIEW_TOP + index * OVERVIEW_ROW + 4;
    return `M${LABEL_WIDTH} ${y}h${PLOT_WIDTH}`;
  });
  surfaces.forEach(({ commits }, index) => {
    const y = OVERVIEW_TOP + index * OVERVIEW_ROW;
    let last = -1;
    for (const { presentedUs } of commits) {
      if (presentedUs === undefined) continue;
      const x = Math.round(axis.x(presentedUs));
      if (x !== last) path += `M${x} ${y}v8`;
      last = x;
    }
  });
  const names = surfaces.map((lane, index) => label(lane, OVERVIEW_TOP + index * OVERVIEW_ROW + 8));
  return `<path class="base" d="${lines.join('')}"/><path class="shown" d="${path}"/>${names.join('')}`;
}

function events({ deviceEvents }: RunTimeline, axis: Axis, top: number, bottom: number): string {
  return deviceEvents
    .filter(({ atUs }) => axis.has(atUs))
    .map(({ type, device, atUs }) => {
      const x = axis.x(atUs);
      const tip = type === 'lost' ? `M${x - 4} ${top}h8l-4 6z` : `M${x - 4} ${top + 6}h8l-4 -6z`;
      const what = `${device} ${type === 'lost' ? 'gone' : 'there'} at ${ms(atUs)}`;
      return `<g class="${type}"><title>${escapeHtml(what)}</title><path d="M${x} ${top}V${bottom}"/><path class="tip" d="${tip}"/></g>`;
    })
    .join('');
}

function grid(axis: Axis, top: number, bottom: number): string {
  const step = 100 * US_PER_MS;
  let marks = '';
  let lines = '';
  for (let us = Math.ceil(axis.startUs / step) * step; us < axis.endUs; us += step) {
    lines += `M${axis.x(us)} ${top}V${bottom}`;
    marks += `<text class="t m" x="${axis.x(us)}" y="${bottom + 12}">${ms(us)}</text>`;
  }
  return `<path class="grid" d="${lines}"/>${marks}`;
}

/** Draws a surface's commits, those that overlap below each other, and returns how many rows that took. */
function drawLane(
  { commits }: TimelineSurface,
  { endUs, lostReleases }: RunTimeline,
  axis: Axis,
  top: number,
  strokes: Strokes,
): number {
  const busyUntil: number[] = [];
  for (const [index, commit] of commits.entries()) {
    const replaced = commits.slice(index + 1).find(({ presentedUs }) => presentedUs !== undefined);
    // What is on screen in the end may be kept; what left the screen may not.
    const overUs = commit.droppedUs ?? replaced?.presentedUs;
    const lost = lostReleases > 0 && overUs !== undefined && commit.releasedUs === undefined;
    const doneUs = commit.releasedUs ?? (lost ? endUs : (overUs ?? endUs));
    if (doneUs < axis.startUs || commit.committedUs > axis.endUs) continue;
    const free = busyUntil.findIndex((us) => us <= commit.committedUs);
    const row = free >= 0 ? free : Math.min(busyUntil.length, MAX_SUBROWS - 1);
    busyUntil[row] = doneUs;
    drawCommit(commit, { endUs, overUs, doneUs, lost }, axis, top + row * SUBROW, strokes);
  }
  return Math.max(1, busyUntil.length);
}

/** How a commit ended; times are clamped to the run's end. */
interface Fate {
  readonly endUs: number;
  /** Dropped, or a later frame shown instead; undefined: it is the last one. */
  readonly overUs: number | undefined;
  /** Nothing of it is left to be drawn. */
  readonly doneUs: number;
  /** Its release never came. */
  readonly lost: boolean;
}

function drawCommit(
  commit: TimelineCommit,
  { endUs, overUs = endUs, doneUs, lost }: Fate,
  axis: Axis,
  y: number,
  strokes: Strokes,
): void {
  const bar = (name: string, fromUs: number, toUs: number): void => {
    const [from, to] = [axis.x(fromUs), axis.x(toUs)];
    if (to > from) stroke(strokes, name, `M${from} ${y}h${tenth(to - from)}`);
  };
  const { committedUs, submittedUs, acquireUs, latchedUs, presentedUs, droppedUs, releasedUs } =
    commit;
  // The record of given-up work has the time it was given up at; the compositor cannot know.
  const ended = commit.acquire === 'abandoned' ? undefined : acquireUs;
  const acquired = ended ?? overUs;
  const shown = presentedUs ?? Math.min(releasedUs ?? overUs, overUs);
  bar(lost ? 'owed' : 'held', presentedUs ?? overUs, doneUs);
  bar('wait', committedUs, submittedUs ?? acquired);
  bar('gpu', submittedUs ?? acquired, acquired);
  bar(shown < endUs ? 'ready' : 'stuck', acquired, shown);
  if (latchedUs !== undefined && (commit.latchedEarly || commit.failedShown)) {
    bar('wrong', latchedUs, Math.max(acquired, latchedUs + US_PER_MS * 2));
  }
  if (presentedUs !== undefined && axis.has(presentedUs)) {
    stroke(strokes, 'frame', `M${axis.x(presentedUs)} ${y - 3.5}v7`);
  }
  if (droppedUs !== undefined && axis.has(droppedUs)) {
    stroke(strokes, 'dropped', `M${tenth(axis.x(droppedUs) - 3)} ${y - 3}l6 6m0 -6l-6 6`);
  }
}

function stroke(strokes: Strokes, name: string, path: string): void {
  strokes.set(name, (strokes.get(name) ?? '') + path);
}

function label({ client }: TimelineSurface, y: number): string {
  return `<text class="t" x="0" y="${y}">client ${client}</text>`;
}

/** In words, what the picture cannot say. */
function caption(timeline: RunTimeline): string {
  const { deviceEvents, disconnects, surfacesLeftOut, seed } = timeline;
  const shown = deviceEvents.slice(0, MAX_EVENTS_NAMED);
  const parts = [
    `seed ${seed}`,
    ...shown.map(
      ({ type, device, atUs }) => `${device} ${type === 'lost' ? 'gone' : 'there'} at ${ms(atUs)}`,
    ),
  ];
  if (deviceEvents.length > shown.length) {
    parts.push(`${deviceEvents.length - shown.length} more device events`);
  }
  for (const { client, reason } of disconnects.slice(0, MAX_EVENTS_NAMED)) {
    parts.push(`client ${client} disconnected: ${reason}`);
  }
  if (surfacesLeftOut > 0) parts.push(`${surfacesLeftOut} more surfaces not drawn`);
  return escapeHtml(parts.join(' · '));
}

const MAX_EVENTS_NAMED = 4;

function ms(us: number): string {
  return `${Math.round(us / US_PER_MS)} ms`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
