import { Script } from 'node:vm';
import fc, { type Parameters } from 'fast-check';

const seed = process.env.MILLWRIGHT_SEED;
const times = Number(process.env.MILLWRIGHT_FUZZ_TIMES ?? 1);

/**
 * How often a property is tried: the same inputs every time, unless MILLWRIGHT_FUZZ_TIMES multiplies them or
 * MILLWRIGHT_SEED, which a failure prints, chooses others.
 */
export const tries = <T>(runs: number): Parameters<T> => ({
  seed: seed === undefined ? 1 : Number(seed),
  numRuns: runs * times,
});

/** Pieces of a format in any order, with anything between them: nearly right more often than noise is. */
export const shuffled = (pieces: readonly string[], maxLength = 40): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...pieces) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
      ),
      { maxLength },
    )
    .map((chosen) => chosen.join(''));

/** The same bytes, cut anywhere. */
export const slices = (bytes: Uint8Array, cuts: readonly number[]): readonly Buffer[] => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, at) => Buffer.from(bytes.subarray(from, places[at] ?? bytes.length)));
};

export const cuts = fc.array(fc.nat(), { maxLength: 12 });

const LONG_MS = 10_000;

/** Answers what `work` does, or throws when it goes on and on: only this ends a loop that never waits. */
export const ending = <T>(work: () => T): T => new Script('work()').runInNewContext({ work }, { timeout: LONG_MS });
