/** What must hold of an instance at all times. The missing numbers have no part to be looked at yet, or need a test of their own. */
export const INVARIANTS = {
  I1: 'every open epic says whom it waits for',
  I2: 'a task has one pull request and one merge, of the tree that was tested',
  I3: 'branches move forward only, by tested commits',
  I4: 'nothing that was acknowledged is missing or waits to be sent',
  I6: 'every event log is whole and leads to the row',
  I7: 'the ledger shows at least what was billed',
  I8: 'nothing is left behind',
  I9: 'no secret is in a log or a row',
  I11: 'rows and workflows agree',
} as const;
export type InvariantId = keyof typeof INVARIANTS;

export interface Finding {
  readonly id: InvariantId;
  /** `unknown`: it could not be looked at. */
  readonly verdict: 'violated' | 'unknown';
  /** What it is about: `epic/<id>`, a path, a process. */
  readonly subject: string;
  readonly detail: string;
  readonly remedy: string;
}

/** What an invariant reports; who it is, is known. */
export type Violation = Pick<Finding, 'subject' | 'detail' | 'remedy'>;
