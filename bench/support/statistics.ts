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
  /** Where the median of endless rounds lies, at 19 in 20. */
  readonly sure: readonly [number, number];
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
  sure: surely(values),
});

/**
 * Interval of the median by the sign test, which asks nothing of how the values lie. Fewer than six prove nothing at 19 in
 * 20: of them it is everything between the least and the most.
 */
const surely = (values: readonly number[]): readonly [number, number] => {
  const sorted = [...values].sort((a, b) => a - b);
  let outside = 0;
  for (let tail = 0, at = 0; at < sorted.length; at++) {
    tail += choose(sorted.length, at) / 2 ** sorted.length;
    if (tail > 0.025) break;
    outside = at;
  }
  return [sorted[outside] ?? Number.NaN, sorted.at(-1 - outside) ?? Number.NaN];
};

const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k);

/** `unsure`: beyond the floor, in rounds that lie on both sides of it. */
export type Verdict = 'target met' | 'target missed' | 'above floor' | 'unsure' | 'RED';

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
  return row.gate === undefined ? all : { ...all, verdict: verdictOf(row.gate, judged) };
};

/** A number that could not be measured is red. */
const verdictOf = ({ wants, target, floor }: Gate, { median, sure: [low, high] }: Spread): Verdict => {
  const reaches = (line: number, value = median): boolean => (wants === 'atMost' ? value <= line : value >= line);
  if (reaches(target)) return 'target met';
  if (floor === undefined) return 'target missed';
  if (reaches(floor)) return 'above floor';
  return reaches(floor, wants === 'atMost' ? low : high) ? 'unsure' : 'RED';
};
