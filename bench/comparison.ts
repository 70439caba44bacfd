/** One measurement of both sides, a number for each round. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
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
