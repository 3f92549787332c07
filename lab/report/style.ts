/** The report's style sheet: light and dark, screen and phone. */
export const STYLE = `
:root { color-scheme: light dark;
  --bg: light-dark(#fff, #14171a); --fg: light-dark(#1b1f23, #e4e7ea); --muted: light-dark(#5f6a75, #9aa5b0);
  --line: light-dark(#e2e6ea, #2c3238); --panel: light-dark(#f7f8fa, #1b1f24);
  --ok: light-dark(#d9f2de, #16391f); --ok-fg: light-dark(#14702b, #6fd58a);
  --bad: light-dark(#fde3df, #4b1e19); --bad-fg: light-dark(#a8261a, #ff9d90);
  --mark: light-dark(#3367d6, #7fa8ff); --box: light-dark(#dde7fb, #22304d);
  --wait: light-dark(#e8a33d, #d99a3a); --gpu: light-dark(#4d86e8, #6d9df5); --ready: light-dark(#2fa56b, #45bd82);
  --held: light-dark(#b9c2cb, #56606b); --stuck: light-dark(#f2a39b, #8f3a32); --wrong: light-dark(#d92d20, #ff6a5c); }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
  background: var(--bg); color: var(--fg); }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 0.3rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; }
h4 { font-size: 0.95rem; margin: 1.2rem 0 0.3rem; }
p { max-width: 48rem; margin: 0.3rem 0 0.8rem; }
small, .muted { color: var(--muted); font-weight: normal; }
figure { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; }

.matrix { width: 100%; table-layout: fixed; border-spacing: 3px; border-collapse: separate; }
.matrix th { text-align: left; font-weight: 500; font-size: 0.8rem; padding: 0.25rem 0.5rem 0.25rem 0; }
.matrix thead th:first-child { width: 16.3rem; }
.matrix thead th { vertical-align: bottom; padding: 0.25rem 0.3rem; font-weight: 600; }
.matrix tbody th { white-space: nowrap; }
.cell { border-radius: 5px; padding: 0; height: 2.5rem; }
.cell a { display: flex; flex-wrap: wrap; gap: 0 0.35rem; align-items: center; align-content: center; min-height: 2.5rem; padding: 0.2rem 0.4rem; text-decoration: none; color: inherit; }
.cell a:hover, .cell a:focus-visible { outline: 2px solid var(--mark); border-radius: 5px; }
.cell.ok { background: var(--ok); color: var(--ok-fg); }
.cell.bad { background: var(--bad); color: var(--bad-fg); }
.cell.none { color: var(--muted); text-align: center; }
.mark { font-weight: 700; }
.share { font-variant-numeric: tabular-nums; }
.why { font-size: 0.75rem; line-height: 1.2; }
.why span { white-space: nowrap; }
.score { font-weight: 700; font-size: 1rem; padding: 0.4rem 0.5rem; font-variant-numeric: tabular-nums; }
.score.all { color: var(--ok-fg); }
.of { font-weight: 400; color: var(--muted); }
.promises { display: grid; grid-template-columns: auto 1fr; gap: 0 0.8rem; font-size: 0.85rem; margin: 1rem 0 0; }
.promises dt { color: var(--bad-fg); }
.promises dd { margin: 0; color: var(--muted); }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
.chart { background: var(--panel); border-radius: 8px; padding: 0.8rem; }
.chart figcaption { font-size: 0.85rem; color: var(--muted); min-height: 4em; }
.chart figcaption b { display: block; color: var(--fg); font-size: 0.95rem; }
.chart svg { width: 100%; height: auto; display: block; }

.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; font-size: 0.85rem; padding: 0; list-style: none; margin: 0.5rem 0 1rem; }
.legend i { display: inline-block; width: 1.4rem; height: 0.45rem; margin-right: 0.4rem; vertical-align: middle; border-radius: 2px; }
.scenario { border-top: 1px solid var(--line); }
.scenario > summary { padding: 0.55rem 0; cursor: pointer; }
.dots { white-space: nowrap; margin-left: 0.4rem; }
.dot { display: inline-block; width: 0.6rem; height: 0.6rem; border-radius: 50%; margin-right: 0.2rem; background: var(--ok-fg); }
.dot.bad { background: var(--wrong); border-radius: 2px; }
.tag { font-size: 0.8rem; font-weight: 600; border-radius: 4px; padding: 0.05rem 0.4rem; }
.tag.ok { background: var(--ok); color: var(--ok-fg); }
.tag.bad { background: var(--bad); color: var(--bad-fg); }
section:target > h4 { background: var(--box); outline: 0.3rem solid var(--box); }
section { scroll-margin-top: 1rem; }
.run figcaption { font-size: 0.8rem; color: var(--muted); }
.timeline { display: block; min-width: 46rem; width: 100%; height: auto; }
.timeline path { fill: none; }
.timeline .t { font-size: 10px; fill: var(--muted); }
.timeline .e { text-anchor: end; }
.timeline .m { text-anchor: middle; }
.timeline .zoom { fill: var(--panel); }
.timeline .base { stroke: var(--line); stroke-width: 8; }
.timeline .shown { stroke: var(--ready); stroke-width: 1.2; }
.timeline .grid { stroke: var(--line); }
.timeline .wait { stroke: var(--wait); stroke-width: 5; }
.timeline .gpu { stroke: var(--gpu); stroke-width: 5; }
.timeline .ready { stroke: var(--ready); stroke-width: 5; }
.timeline .held { stroke: var(--held); stroke-width: 2; }
.timeline .owed { stroke: var(--wrong); stroke-width: 1; stroke-dasharray: 3 3; }
.timeline .stuck { stroke: var(--stuck); stroke-width: 5; }
.timeline .wrong { stroke: var(--wrong); stroke-width: 5; }
.timeline .frame { stroke: var(--fg); stroke-width: 1.2; }
.timeline .dropped { stroke: var(--wrong); stroke-width: 1.3; }
.timeline .lost path { stroke: var(--wrong); }
.timeline .lost .tip { fill: var(--wrong); }
.timeline .added path { stroke: var(--ready); }
.timeline .added .tip { fill: var(--ready); }

.figures th, .figures td { padding: 0.2rem 0.5rem; text-align: right; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures th { vertical-align: bottom; white-space: normal; }
.figures :is(th, td):nth-child(-n + 2) { text-align: left; }
.figures .bad td:nth-child(2) { color: var(--bad-fg); }
.more { border-top: 1px solid var(--line); padding: 0.55rem 0; }
.more summary { cursor: pointer; font-weight: 600; }
pre { overflow: auto; max-height: 30rem; font-size: 0.75rem; background: var(--panel); padding: 0.8rem; border-radius: 8px; }

@media (max-width: 44rem) {
  body { padding: 1rem 0.7rem 3rem; }
  .matrix { border-spacing: 2px; }
  .matrix thead th:first-child { width: 42%; }
  .matrix thead th { height: 6.2rem; padding: 0; }
  .matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; font-size: 0.75rem; }
  .matrix tbody th { white-space: normal; font-size: 0.72rem; line-height: 1.15; overflow-wrap: anywhere; }
  .matrix tfoot th { font-size: 0.72rem; }
  .cell a { justify-content: center; padding: 0; }
  .share, .why, .of { display: none; }
  .score { text-align: center; padding: 0.3rem 0; font-size: 0.85rem; }
  .promises { grid-template-columns: auto 1fr; }
  .chart { padding: 0.5rem; }
  .chart figcaption { min-height: 0; }
}
@media print { details::details-content { content-visibility: visible; display: block; } }
`;
