// Every sentence that the queue says to people and agents.
import type { EntryId, LandedChange, Reason, RebaseRequest } from './types.js';
import type { Why } from './view-model.js';

const seconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const list = (items: readonly string[], none: string): string => (items.length > 0 ? items.join(', ') : none);

const several = (names: readonly string[], count: number): string =>
  count > names.length ? `${names.join(', ')} and ${count - names.length} more` : list(names, 'another entry');

/** What people can do about a base that fails its own checks. */
export const RED_REMEDY =
  'Mend it at its source and run `millwright project sync`, or let an admin mark the entry that mends it: ' +
  '`millwright queue reprioritise <entry> urgent --fixes-base --reason <text>`. The base is looked at again by itself.';

export function whyText(why: Why, nameOf: (id: EntryId) => string): string {
  switch (why.kind) {
    case 'INSPECTION':
      return 'Just admitted: the pull request is being read.';
    case 'STALE':
      return `Its author pushed ${why.sha.slice(0, 12)}: the queue looks whether the change is still the same.`;
    case 'AHEAD':
      return `Waits for ${several(why.entries.map(nameOf), why.count)}, which will land or leave first.`;
    case 'NO_SLOT':
      return `Waits for a build slot: ${why.used} of ${why.budget} are in use.`;
    case 'BUILDING':
      return `Its checks run on the exact tree that would land (build ${why.buildId}, since ${seconds(why.sinceMs)}).`;
    case 'SUSPECT':
      return `First red in ${list(why.tests, 'a check')}: the failed tests run again before anything is decided.`;
    case 'FAILING_BEHIND':
      return `Fails ${list(why.tests, 'a check')} without ${list(why.entries.map(nameOf), 'those ahead')}; judged once those are decided.`;
    case 'REBASING':
      return `Conflicts with what has landed in ${list(why.files, 'some files')}: its author resolves it (round ${why.round}).`;
    case 'TURN':
      return `Conflicts with what has landed in ${list(why.files, 'some files')}: its author is asked once ${several(why.entries.map(nameOf), why.count)}, before it in the same files, has landed or left.`;
    case 'LANE':
      return `The lane is ${why.mode} since ${seconds(why.sinceMs)} (${why.by}): ${why.reason || 'no reason given'}.${
        why.mode === 'red' ? ` ${RED_REMEDY}` : ''
      }`;
    case 'INFRA':
      return `Attempt ${why.attempt} had no verdict, the machinery failed: ${why.error}. It is tried again.`;
    case 'PASSED':
      return 'Its checks passed: it lands next.';
    case 'LANDING':
      return 'It is being landed.';
  }
}

/** What the author of an ejected entry does next. */
export const NEXT_STEP: Record<Reason, string> = {
  ALREADY_IN_BASE: 'Nothing: the base holds the change already.',
  EXTERNALLY: 'Nothing: somebody else put the change on the base.',
  CHECKS_FAILED: 'Fix what the failed checks show, push, and enqueue the pull request again.',
  CHECK_TIMEOUT: 'The check ends in time without this change: make it faster or raise its timeout, then enqueue again.',
  REBASE_EXHAUSTED: 'Merge the base into the branch by hand, push, and enqueue the pull request again.',
  HEAD_CHANGED: 'The branch was pushed with another change while queued: have it checked, then enqueue it again.',
  HELD_BY_LABEL: 'Remove the hold label, then enqueue the pull request again.',
  PR_CLOSED: 'Reopen the pull request if it is still wanted, then enqueue it again.',
  PR_DRAFT: 'Mark the pull request as ready, then enqueue it again.',
  BRANCH_GONE: 'Push the branch again, then enqueue the pull request again.',
  BASE_CHANGED: 'The pull request targets another branch now: enqueue it there.',
  BASE_GONE: 'The target branch or its project is gone: enqueue the pull request on another branch.',
  OPERATOR: 'Ask the person who withdrew it.',
};

export interface RebaseMail {
  readonly subject: string;
  readonly body: string;
}

export const rebaseMail = (
  about: { readonly prNumber: number; readonly title: string; readonly branch: string; readonly rounds: number },
  request: RebaseRequest,
  landed: readonly LandedChange[],
): RebaseMail => ({
  subject: `Rebase #${about.prNumber}: conflict with ${about.branch}`,
  body: [
    `#${about.prNumber} "${about.title}" no longer merges with ${about.branch} at ${request.tip.slice(0, 12)}.`,
    '',
    'Files in conflict:',
    ...request.files.map((file) => `- ${file}`),
    '',
    ...(landed.length > 0
      ? ['Landed lately:', ...landed.map((one) => `- #${one.prNumber} ${one.title} (${one.commit.slice(0, 12)})`), '']
      : []),
    `Keep the intent of both sides, then finish. Round ${request.round} of ${about.rounds}; the entry keeps its place.`,
  ].join('\n'),
});
