/** Something measured after each round. */
export interface Series {
  readonly name: string;
  /** `level` must stay where it is; `perEpic` grows with the work, and its growth per epic must not grow. */
  readonly kind: 'level' | 'perEpic';
  readonly values: readonly number[];
  /** How much a value may grow in all before it counts as growth at all. */
  readonly slack: number;
}

export interface Judgement {
  readonly name: string;
  readonly isFlat: boolean;
  readonly first: number;
  readonly last: number;
  /** What the slope makes of the measured rounds: how much more the last is than the first. */
  readonly growth: number;
}

/** Caches fill and pools open in the first rounds, which prove nothing. */
const WARM_UP_SHARE = 0.3;
export const LEAST_ROUNDS = 6;
/** Of the mean: a straight line through noise is never quite flat. */
const TOLERANCE = 0.1;

/** @returns undefined when there are too few rounds to tell a slope from noise */
export function judge({ name, kind, values, slack }: Series, epicsPerRound: number): Judgement | undefined {
  const measured = kind === 'level' ? values : increments(values).map((value) => value / epicsPerRound);
  const steady = measured.slice(Math.floor(measured.length * WARM_UP_SHARE));
  if (values.length < LEAST_ROUNDS) return undefined;
  const growth = slopeOf(steady) * (steady.length - 1);
  const mean = steady.reduce((sum, value) => sum + value, 0) / steady.length;
  const isFlat = growth <= Math.max(slack, Math.abs(mean) * TOLERANCE);
  return { name, isFlat, first: steady[0] ?? 0, last: steady.at(-1) ?? 0, growth };
}

const increments = (values: readonly number[]): readonly number[] =>
  values.slice(1).map((value, index) => value - (values[index] ?? 0));

/** Of the least squares line, per round. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const products = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const squares = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return squares === 0 ? 0 : products / squares;
}
