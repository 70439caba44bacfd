import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import type { Comparison, Gate } from '../comparison.js';
import { type Judged, judge, type Spread, spread } from './statistics.js';

/** One bench as it was run. */
export interface Report {
  readonly metric: string;
  readonly title: string;
  readonly subject: string;
  readonly redWhen: string;
  readonly rounds: number;
  readonly seed: number;
  readonly seconds: number;
  readonly machine: ReturnType<typeof machine>;
  /** Of the last minute, before and after. */
  readonly load: readonly [number, number];
  readonly rows: readonly Judged[];
}

export const machine = () => ({
  processors: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()} ${arch()}`,
  node: process.version,
});

export const loadNow = (): number => loadavg()[0] ?? Number.NaN;

/** A smoke leaves out slow arms, whose rows then hold nothing. */
export const rowsOf = ({ rows }: Comparison): readonly Judged[] =>
  rows.filter(({ baseline, ours }) => baseline.length > 0 && ours.length > 0).map(judge);

export const isUnsure = (comparison: Comparison): boolean =>
  rowsOf(comparison).some(({ verdict }) => verdict === 'unsure');

/** The rounds of two runs of one bench. */
export const together = (first: Comparison, second: Comparison): Comparison => ({
  ...first,
  rows: first.rows.map((row, at) => ({
    ...row,
    baseline: [...row.baseline, ...(second.rows[at]?.baseline ?? [])],
    ours: [...row.ours, ...(second.rows[at]?.ours ?? [])],
  })),
});

export const isRed = ({ rows }: Report): boolean => rows.some(({ verdict }) => verdict === 'RED');

const figure = (value: number): string => value.toFixed(Math.abs(value) < 1 ? 3 : Math.abs(value) < 20 ? 1 : 0);

const range = ({ median, least, most }: Spread, show: (value: number) => string = figure): string =>
  least === most ? show(median) : `${show(median)} (${show(least)}–${show(most)})`;

const signed = (value: number): string => (value < 0 ? `−${figure(-value)}` : `+${figure(value)}`);

const shown = ({ gate, judged, unit }: Judged): string => {
  if (gate?.of === undefined || gate.of === 'ratio') return `${range(judged)} ×`;
  return `${range(judged, gate.of === 'difference' ? signed : figure)} ${unit}`;
};

const lineText = ({ wants, of }: Gate, value: number): string =>
  `${wants === 'atMost' ? '≤' : '≥'} ${of === 'difference' ? '+' : ''}${value}`;

const rowText = (row: Judged): string => {
  const { name, unit, baseline, ours, gate, verdict = 'reported' } = row;
  const lines = gate ? [gate.target, gate.floor ?? []].flat().map((at) => lineText(gate, at)) : [];
  const cells = [
    `${name}, ${unit}`,
    range(spread(baseline)),
    range(spread(ours)),
    shown(row),
    lines.join(' · '),
    verdict,
  ];
  return `| ${cells.join(' | ')} |`;
};

/** The table as docs/benchmarks.md shows it. */
export const reportText = (report: Report): string => {
  const { processors, memoryGiB, system, node } = report.machine;
  const [before, after] = report.load.map((load) => load.toFixed(1));
  return [
    `${report.metric}: ${report.title}`,
    '',
    `${processors}, ${memoryGiB} GiB; load average ${before} before, ${after} after`,
    `${system}, Node ${node}`,
    report.subject,
    `${report.rounds} rounds in turns, the first discarded; median (least–most); seed ${report.seed}; ${Math.round(report.seconds)} s`,
    `red when someone ${report.redWhen}`,
    '',
    '| | baseline | ours | ours / baseline | target · floor | verdict |',
    '|---|---|---|---|---|---|',
    ...report.rows.map(rowText),
  ].join('\n');
};
