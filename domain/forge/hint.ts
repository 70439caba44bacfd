/** Events that are looked at; any other is taken and changes nothing. */
export const HINT_EVENTS = [
  'issues',
  'issue_comment',
  'pull_request',
  'pull_request_review',
  'check_run',
  'check_suite',
  'status',
  'push',
  'merge_group',
  'installation',
  'installation_repositories',
  'ping',
] as const;
export type HintEvent = (typeof HINT_EVENTS)[number];

/** What to look at again. */
export type HintSubject =
  | { readonly kind: 'pull_request'; readonly number: number }
  | { readonly kind: 'issue'; readonly number: number }
  /** Below an issue, or below a pull request, which has a number of the same row. */
  | { readonly kind: 'comment'; readonly id: number; readonly number: number; readonly isPullRequest: boolean }
  /** Checks or statuses of a commit. */
  | { readonly kind: 'commit'; readonly sha: string }
  /** Somebody asks for the checks of ours on a commit again: for one of them, or for all. */
  | { readonly kind: 'rerun'; readonly sha: string; readonly by: string; readonly checkRun?: number }
  /** `before` or `after` is all zeros where the branch was made or deleted. */
  | { readonly kind: 'branch'; readonly ref: string; readonly before: string; readonly after: string }
  /** At a tracker that is no forge, by the id that stays. */
  | { readonly kind: 'tracked_issue'; readonly tracker: 'linear'; readonly key: string }
  | { readonly kind: 'tracked_comment'; readonly tracker: 'linear'; readonly id: string }
  | { readonly kind: 'none' };

/**
 * The few facts of a delivery that are kept. Whoever signed it may be mistaken or late, so they say where to look and
 * never what is there.
 */
export interface Hint {
  readonly event: HintEvent;
  /** What was done to the subject, such as `opened`. */
  readonly action?: string;
  /** Stays when the repository is renamed. */
  readonly repositoryId?: number;
  /** `owner/name`. */
  readonly repository?: string;
  /** Absent where a webhook of the repository itself sent it. */
  readonly installationId?: number;
  readonly subject: HintSubject;
}

type Fields = Readonly<Record<string, unknown>>;

const SHA = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const ACTION = /^[a-z_]{1,64}$/;
const REPOSITORY = /^[\w.-]{1,100}\/[\w.-]{1,100}$/;
const LOGIN = /^[\w-]{1,100}(\[bot\])?$/;
const BRANCH = /^refs\/heads\/.{1,250}$/u;
const CONTROL = /\p{Cc}/u;

/** Undefined for an event that is ignored, or whose payload lacks what its kind tells; never throws. */
export const hintOf = (event: string, payload: unknown): Hint | undefined => {
  if (!isHintEvent(event)) return undefined;
  const fields = fieldsOf(payload);
  const subject = SUBJECTS[event](fields);
  const { id, full_name: name } = fieldsOf(fields.repository);
  const repositoryId = idOf(id);
  if (subject === undefined || (repositoryId === undefined && subject.kind !== 'none')) return undefined;
  const action = textOf(fields.action, ACTION);
  const repository = textOf(name, REPOSITORY);
  const installationId = idOf(fieldsOf(fields.installation).id);
  return {
    event,
    ...(action === undefined ? {} : { action }),
    ...(repositoryId === undefined ? {} : { repositoryId }),
    ...(repository === undefined ? {} : { repository }),
    ...(installationId === undefined ? {} : { installationId }),
    subject,
  };
};

export const isHintEvent = (event: string): event is HintEvent => HINT_EVENTS.some((one) => one === event);

const none = (): HintSubject => ({ kind: 'none' });

const SUBJECTS: Readonly<Record<HintEvent, (fields: Fields) => HintSubject | undefined>> = {
  issues: ({ issue }) => numbered('issue', issue),
  issue_comment: ({ issue, comment }) => commentOf(fieldsOf(issue), fieldsOf(comment)),
  pull_request: (fields) => numbered('pull_request', fields.pull_request),
  pull_request_review: (fields) => numbered('pull_request', fields.pull_request),
  check_run: (fields) => checksOf(fields, fieldsOf(fields.check_run), idOf(fieldsOf(fields.check_run).id)),
  check_suite: (fields) => checksOf(fields, fieldsOf(fields.check_suite)),
  status: ({ sha }) => commitOf(sha),
  merge_group: (fields) => commitOf(fieldsOf(fields.merge_group).head_sha),
  push: branchOf,
  installation: none,
  installation_repositories: none,
  ping: none,
};

const numbered = (kind: 'issue' | 'pull_request', value: unknown): HintSubject | undefined => {
  const number = idOf(fieldsOf(value).number);
  return number === undefined ? undefined : { kind, number };
};

const commentOf = (issue: Fields, comment: Fields): HintSubject | undefined => {
  const id = idOf(comment.id);
  const number = idOf(issue.number);
  if (id === undefined || number === undefined) return undefined;
  const isPullRequest = typeof issue.pull_request === 'object' && issue.pull_request !== null;
  return { kind: 'comment', id, number, isPullRequest };
};

const commitOf = (value: unknown): HintSubject | undefined => {
  const sha = textOf(value, SHA);
  return sha === undefined ? undefined : { kind: 'commit', sha };
};

/** Only the App whose checks they are is told that somebody asks for them again. */
function checksOf({ action, sender }: Fields, { head_sha }: Fields, checkRun?: number): HintSubject | undefined {
  const commit = commitOf(head_sha);
  const by = textOf(fieldsOf(sender).login, LOGIN);
  if (commit?.kind !== 'commit' || action !== 'rerequested' || by === undefined) return commit;
  return { kind: 'rerun', sha: commit.sha, by, ...(checkRun === undefined ? {} : { checkRun }) };
}

/** A tag moves nothing here. */
function branchOf({ ref, before, after }: Fields): HintSubject | undefined {
  const name = textOf(ref, BRANCH);
  const from = textOf(before, SHA);
  const to = textOf(after, SHA);
  if (name === undefined || CONTROL.test(name) || from === undefined || to === undefined) return undefined;
  return { kind: 'branch', ref: name, before: from, after: to };
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {}); // each field is checked where it is read

const idOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** A text that is what it must be, and that a database can keep. */
const textOf = (value: unknown, rule: RegExp): string | undefined =>
  typeof value === 'string' && rule.test(value) && value.isWellFormed() ? value : undefined;
