/** What a word of the forge's CI means for a verdict; `infra` is none. */
export type Meaning = 'passed' | 'failed' | 'timeout' | 'infra';

/** Of check runs and of commit statuses. A skipped or neutral run counts as passed for GitHub's own rules too. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  success: 'passed',
  neutral: 'passed',
  skipped: 'passed',
  failure: 'failed',
  // Of a status: many a CI says so of a broken build. Whose fault it is, the control run on the parent tells.
  error: 'failed',
  // A workflow file that does not parse.
  startup_failure: 'failed',
  timed_out: 'timeout',
  cancelled: 'infra',
  stale: 'infra',
  action_required: 'infra',
};

/** A word of tomorrow is no verdict. */
export const meaningOf = (conclusion: string): Meaning => MEANINGS[conclusion] ?? 'infra';
