import type { History } from './support/platform.js';

/** Where ours must lie against the baseline. */
export interface Gate {
  /** Costs: less is better. Rates: more is. */
  readonly wants: 'atMost' | 'atLeast';
  readonly target: number;
  /** Beyond it nothing ships. Absent: nothing is red. */
  readonly floor?: number;
  /** Of ours / baseline (default), of ours less the baseline in the row's unit, or of ours alone: a count. */
  readonly of?: 'ratio' | 'difference' | 'ours';
}

/** One measurement of both sides, a number for each round. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly baseline: readonly number[];
  readonly ours: readonly number[];
  /** Absent: reported only. */
  readonly gate?: Gate;
}

export interface Comparison {
  readonly title: string;
  /** What was measured, with its version. */
  readonly subject: string;
  readonly rows: readonly Measured[];
}

export interface BenchOptions {
  /** Few and small, against the floors: for the gate. */
  readonly isSmoke: boolean;
  readonly seed: number;
  /** Rounds that count; the bench's own number when absent. */
  readonly rounds?: number;
  /** Of M1: so many at once instead of its own number. */
  readonly epics?: number;
  /** Of M1: where Temporal keeps its histories. Default: in the embedded server's file. */
  readonly history?: History;
}

export interface Bench {
  /** What somebody must do to turn it red. */
  readonly redWhen: string;
  run(options: BenchOptions): Promise<Comparison>;
}
