import type { Gate, Measured } from '../comparison.js';

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

export type Verdict = 'target met' | 'target missed' | 'above floor' | 'RED';

export interface Judged extends Measured {
  /** Of the rounds: ours / baseline, each against its own neighbour. */
  readonly ratio: Spread;
  /** Ours less the baseline, likewise. */
  readonly difference: Spread;
  /** What the gate looks at; the ratio where there is none. */
  readonly judged: Spread;
  readonly verdict?: Verdict;
}

export const judge = (row: Measured): Judged => {
  const pairs = row.ours.map((ours, round) => [ours, row.baseline[round] ?? Number.NaN] as const);
  const ratio = spread(pairs.map(([ours, baseline]) => ours / baseline));
  const difference = spread(pairs.map(([ours, baseline]) => ours - baseline));
  const judged = { ratio, difference, ours: spread(row.ours) }[row.gate?.of ?? 'ratio'];
  const all = { ...row, ratio, difference, judged };
  return row.gate === undefined ? all : { ...all, verdict: verdictOf(row.gate, judged.median) };
};

/** A number that could not be measured is red. */
const verdictOf = ({ wants, target, floor }: Gate, value: number): Verdict => {
  const reaches = (line: number): boolean => (wants === 'atMost' ? value <= line : value >= line);
  if (reaches(target)) return 'target met';
  if (floor === undefined) return 'target missed';
  return reaches(floor) ? 'above floor' : 'RED';
};
