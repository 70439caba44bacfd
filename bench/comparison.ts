/** One measurement of both sides, a number for each round. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  /** How many times faster ours is (default), or how many times what the baseline costs. */
  readonly shows?: 'gain' | 'cost';
  readonly baseline: readonly number[];
  readonly ours: readonly number[];
}

export interface Comparison {
  readonly title: string;
  /** What was measured, with its version. */
  readonly subject: string;
  readonly rounds: number;
  readonly rows: readonly Measured[];
}
