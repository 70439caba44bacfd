import type { BenchOptions } from '../comparison.js';
import { cpuSeconds } from './cpu.js';

/** What one arm measured in one round, by name. */
export type Measures = Readonly<Record<string, number>>;
export type Arms = Readonly<Record<string, () => Promise<Measures>>>;

/** Every arm's measures, one for each round that counts. `cpuSeconds` is added: this process and its ended children. */
export type Rounds = Readonly<Record<string, readonly Measures[]>>;

export interface Length {
  /** That count. */
  readonly rounds: number;
  /** No round begins after this, but for the first that counts. */
  readonly maxMs?: number;
}

/**
 * All arms in turns, A B B A, so that none profits from what the machine does meanwhile. The first round warms all up
 * and is discarded.
 */
export const inTurns = async (arms: Arms, { rounds, maxMs = Number.POSITIVE_INFINITY }: Length): Promise<Rounds> => {
  const measured: Record<string, Measures[]> = {};
  const startedAt = performance.now();
  for (let round = -1; round < rounds; round++) {
    if (round > 0 && performance.now() - startedAt > maxMs) break;
    const names = Object.keys(arms);
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const before = cpuSeconds();
      const measures = await arms[name]?.();
      if (round < 0 || measures === undefined) continue;
      measured[name] ??= [];
      measured[name].push({ cpuSeconds: cpuSeconds() - before, ...measures });
    }
  }
  return measured;
};

export const series = (rounds: Rounds, arm: string, measure: string): readonly number[] =>
  (rounds[arm] ?? []).map((measures) => measures[measure] ?? Number.NaN);

/** What a bench runs when the command line does not say; the smoke takes what fits into a few seconds. */
export const lengthOf = ({ isSmoke, rounds }: BenchOptions, usual: number): Length =>
  isSmoke ? { rounds: rounds ?? SMOKE_ROUNDS, maxMs: SMOKE_MS } : { rounds: rounds ?? usual };

const SMOKE_ROUNDS = 3;
const SMOKE_MS = 2_500;

/** How long each call took, in the order of the calls. */
export const timeEach = async (calls: number, call: (at: number) => Promise<unknown>): Promise<readonly number[]> => {
  const took: number[] = [];
  for (let at = 0; at < calls; at++) took.push(await timeMs(() => call(at)));
  return took;
};

export const timeMs = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};
