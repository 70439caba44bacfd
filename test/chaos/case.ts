/** What a case is given to run with. */
export interface CaseRun {
  readonly seed: number;
  /** Seeded: the same seed gives the same choices. */
  readonly random: () => number;
  /** What is being done at this moment, for whoever watches. */
  note(text: string): void;
  /** Runs after the case, the newest first, however it ended. */
  atEnd(cleanUp: (isFailed: boolean) => Promise<void> | void): void;
}

/** One fault of the matrix, at one moment, and the proof that nothing comes of it. */
export interface ChaosCase {
  /** `<row of the fault matrix>-<what>`. */
  readonly name: string;
  /** What is done, in one line. */
  readonly does: string;
  /** What would be wrong in a product in which this case fails, in one line. */
  readonly catches: string;
  /** Why it cannot run on this machine. */
  readonly whyNot?: () => string | undefined;
  /** @throws with what did not hold */
  readonly run: (run: CaseRun) => Promise<void>;
}
