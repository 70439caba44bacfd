import type { Cut } from '../../support/variant/cut.js';

export interface CaseProof {
  readonly kind: 'case';
  /** Of the suite, whole. */
  readonly name: string;
  /** With which the case meets the guard for certain. Default: that of the run. */
  readonly seed?: number;
}

export interface TestProof {
  readonly kind: 'test';
  /** From the root of the repository; what is run. */
  readonly file: string;
  /** Where the test is written, when `file` only calls it. */
  readonly writtenIn: string;
  /** Whole, as it is written there. */
  readonly name: string;
}

/** Something that must go red where the guard is missing. */
export type Proof = CaseProof | TestProof;

/** What makes an effect come once, though its attempts are many: fence, claim, marker, lease, dedupe, outbox. */
export interface Guard extends Cut {
  readonly proofs: readonly Proof[];
}

export const chaosCase = (name: string, seed?: number): CaseProof => ({
  kind: 'case',
  name,
  ...(seed === undefined ? {} : { seed }),
});

/**
 * @param file below `test/`, without its ending
 * @param part beside it, without its ending, where the test is written
 */
export const testIn = (file: string, name: string, part?: string): TestProof => ({
  kind: 'test',
  file: `test/${file}.test.ts`,
  writtenIn: part === undefined ? `test/${file}.test.ts` : `test/${file.replace(/[^/]+$/, part)}.ts`,
  name,
});
