/** How the figures of all runs spread, a row a strategy: a box of the middle half, the median, and a dot a run. */
import { createRequire } from 'node:module';
import type * as Echarts from 'echarts';
import type { RunResult } from '../compare/result.ts';
import type { Grid } from './matrix.ts';
import { escapeHtml } from './markup.ts';

/** The library as one file, when it is needed: its hundreds of ES modules take half a second to load. */
const loadLibrary = (): typeof Echarts =>
  createRequire(import.meta.url)('echarts') as typeof Echarts;

interface ChartSpec {
  readonly title: string;
  readonly explanation: string;
  readonly unit: string;
  readonly scale: 'log' | 'value';
  /** Undefined: this run has no such figure. */
  readonly value: (run: RunResult) => number | undefined;
  /** Beside the median. */
  readonly remark?: (runs: readonly RunResult[]) => string | undefined;
}

const CHARTS: readonly ChartSpec[] = [
  {
    title: 'Time to recover',
    explanation:
      'From the loss of a device to the next new frame, of the slowest surface of each run that had a loss to recover from.',
    unit: 'ms',
    scale: 'log',
    value: ({ recoveryMs }) => (recoveryMs.max > 0 ? recoveryMs.max : undefined),
    remark: (runs) => {
      const stuck = runs.filter(({ stuckSurfaces }) => stuckSurfaces > 0).length;
      return stuck === 0 ? undefined : `${stuck} never`;
    },
  },
  {
    title: 'Frames missed',
    explanation: 'Refresh cycles without a new frame between the frames a surface did show.',
    unit: '%',
    scale: 'value',
    value: ({ framesMissed, framesPresented }) =>
      framesPresented === 0 ? undefined : (100 * framesMissed) / (framesMissed + framesPresented),
  },
  {
    title: 'Syscalls per commit',
    explanation: 'What explicit sync costs the compositor, recovery included.',
    unit: '',
    scale: 'value',
    value: ({ syscallsPerCommit }) => syscallsPerCommit,
  },
  {
    title: 'Descriptors at the peak',
    explanation: 'Of the compositor and its clients together, above those before the first client.',
    unit: '',
    scale: 'log',
    value: ({ peakFds }) => (peakFds > 0 ? peakFds : undefined),
  },
];

const WIDTH = 460;
const ROW_HEIGHT = 26;
const HEAD_AND_FOOT = 40;

/** The charts as figures with inline SVG. Equal results give equal bytes. */
export function chartFigures(grid: Grid): string {
  return CHARTS.map((spec, index) => figure(grid, spec, `chart${index}`)).join('\n');
}

function figure(grid: Grid, spec: ChartSpec, prefix: string): string {
  const rows = grid.strategies.map((strategy) => {
    const runs = grid.scenarios.flatMap((scenario) => grid.runs(scenario, strategy));
    const values = runs.flatMap((run) => spec.value(run) ?? []).sort((a, b) => a - b);
    return { strategy, values, remark: spec.remark?.(runs) };
  });
  if (rows.every(({ values }) => values.length === 0)) return '';
  const svg = draw(rows, spec);
  return `<figure class="chart"><figcaption><b>${spec.title}</b>${spec.explanation}</figcaption>
${ownIds(svg, prefix).replace('<svg ', `<svg role="img" aria-label="${escapeHtml(spec.title)}" `)}</figure>`;
}

interface Row {
  readonly strategy: string;
  /** Ascending. */
  readonly values: readonly number[];
  readonly remark: string | undefined;
}

function draw(rows: readonly Row[], spec: ChartSpec): string {
  const height = rows.length * ROW_HEIGHT + HEAD_AND_FOOT;
  const chart = loadLibrary().init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height,
  });
  const text = { color: 'var(--fg)', fontSize: 12, fontFamily: 'inherit' };
  const category = {
    type: 'category' as const,
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
  };
  try {
    chart.setOption({
      animation: false,
      grid: { left: 100, right: 118, top: 6, bottom: 26 },
      xAxis: {
        type: spec.scale,
        ...(spec.scale === 'value' ? { min: 0 } : {}),
        axisLabel: {
          ...text,
          color: 'var(--muted)',
          hideOverlap: true,
          formatter: (value: number) => `${compact(value)}${spec.unit && ` ${spec.unit}`}`,
        },
        splitLine: { lineStyle: { color: 'var(--line)' } },
        splitNumber: 4,
      },
      yAxis: [
        { ...category, data: rows.map(({ strategy }) => strategy), axisLabel: text },
        {
          ...category,
          position: 'right',
          data: rows.map((_, index) => `${index}`),
          axisLabel: {
            ...text,
            formatter: (_: string, index: number) => summary(rows[index], spec),
          },
        },
      ],
      series: [
        {
          type: 'boxplot',
          silent: true,
          boxWidth: [14, 14],
          itemStyle: { color: 'var(--box)', borderColor: 'var(--mark)', borderWidth: 1.5 },
          data: rows.map(({ values }) =>
            values.length === 0
              ? []
              : [0, 0.25, 0.5, 0.75, 1].map((share) => quantile(values, share)),
          ),
        },
        {
          type: 'scatter',
          silent: true,
          symbolSize: 5,
          itemStyle: { color: 'var(--mark)', opacity: 0.45 },
          data: rows.flatMap(({ values }, row) =>
            [...new Set(values)].map((value) => [value, row]),
          ),
        },
      ],
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function summary(row: Row | undefined, { unit }: ChartSpec): string {
  if (!row) return '';
  const median =
    row.values.length === 0
      ? undefined
      : `${compact(quantile(row.values, 0.5))}${unit && ` ${unit}`}`;
  return [median, row.remark].filter((part) => part !== undefined).join(', ');
}

/** `values` ascending; between two values, the nearer. */
function quantile(values: readonly number[], share: number): number {
  return values[Math.round(share * (values.length - 1))] ?? 0;
}

function compact(value: number): string {
  if (value >= 10_000) return `${Math.round(value / 1000)}k`;
  return String(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);
}

/** The library counts its ids from the start of the process; a page has several charts and is to be the same each time. */
function ownIds(svg: string, prefix: string): string {
  const names = new Map<string, string>();
  return svg.replaceAll(/\bzr\d+-[\w-]+/g, (name) => {
    const own = names.get(name) ?? `${prefix}-${names.size}`;
    names.set(name, own);
    return own;
  });
}
