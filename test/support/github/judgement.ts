import { runCommand } from './ci/run-command.js';
import { DOCUMENTED } from './limits/limiter.js';
import type { GitHub } from './start.js';

export interface Wanted {
  readonly repository: string;
  /** Of the issue that must be closed. Absent: it is elsewhere. */
  readonly issue?: number;
  readonly pulls: number;
  /** Commits of others that must be on the base. */
  readonly outside: readonly string[];
  /** What passes on every commit of the base. */
  readonly check: readonly string[];
}

/** What is not as it must be, in words; empty lists: all is well. */
export interface Judgement {
  /** Of ours: too many, too few, not merged, or decided more than once. */
  readonly pulls: readonly string[];
  /** Comments of ours that are there twice, and an issue that is still open. */
  readonly comments: readonly string[];
  /** More than GitHub allows. */
  readonly creations: readonly string[];
  /** Red commits, and commits of others that are lost. */
  readonly base: readonly string[];
  /** Of ours, left behind. */
  readonly branches: readonly string[];
}

/** By GitHub's own record alone: Millwright is not asked. */
export async function judge(github: GitHub, wanted: Wanted): Promise<Judgement> {
  return {
    pulls: pulls(github, wanted),
    comments: comments(github, wanted),
    creations: creations(github),
    base: await base(github, wanted),
    branches: (await branchesLeft(github, wanted.repository)).map((name) => `the branch ${name} was left behind`),
  };
}

const MARKER = /<!-- (millwright:\S+) -->/;
const markerOf = (text: string | null): string | undefined => MARKER.exec(text ?? '')?.[1];
const isOurs = (github: GitHub, login: string | null): boolean => login === `${github.app.slug}[bot]`;

/** One for each piece of work, and decided once. */
function pulls(github: GitHub, { pulls: count }: Wanted): readonly string[] {
  const ours = github.state.issues.filter(({ pull, login }) => pull !== null && isOurs(github, login));
  const wrong = ours.length === count ? [] : [`there are ${ours.length} pull requests of ours instead of ${count}`];
  const unmerged = ours.filter(({ pull, state }) => pull?.mergedAt === null || state !== 'closed');
  wrong.push(...unmerged.map(({ number, state }) => `#${number} is ${state} and not merged`));
  wrong.push(
    ...twice(ours.map(({ body }) => markerOf(body) ?? 'no marker')).map((one) => `two pull requests of ${one}`),
  );
  const ends = new Set(
    github.webhooks.deliveries
      .filter(({ event, action }) => event === 'pull_request' && action === 'closed')
      .map(({ guid, payload }) => `${(JSON.parse(payload) as { readonly number: number }).number} ${guid}`),
  );
  const numbers = [...ends].map((one) => one.split(' ')[0] ?? '');
  return [...wrong, ...twice(numbers).map((number) => `#${number} was closed more than once`)];
}

function comments(github: GitHub, { issue, repository }: Wanted): readonly string[] {
  const { state } = github;
  const ours = state.comments.filter(({ login }) => isOurs(github, login));
  const marked = ours.map(
    ({ issueNumber, body }) => `${markerOf(body) ?? 'a comment without a marker'} in #${issueNumber}`,
  );
  const twiceSaid = twice(marked).map((one) => `two comments: ${one}`);
  if (issue === undefined) return twiceSaid;
  const found = state.issue(state.repositoryNamed(repository).id, issue);
  return [...twiceSaid, ...(found?.state === 'closed' ? [] : [`the issue #${issue} is ${found?.state}`])];
}

const MINUTE_MS = 60_000;

/** No minute and no hour, wherever it begins, holds more than GitHub's documents allow; nobody is asked who said wait. */
function creations({ requests, limiter }: GitHub): readonly string[] {
  const times = requests.filter(({ createsContent }) => createsContent).map(({ atMs }) => atMs);
  const most = (windowMs: number): number =>
    Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
  const wrong: string[] = [];
  if (most(MINUTE_MS) > DOCUMENTED.contentPerMinute) wrong.push(`${most(MINUTE_MS)} creations in one minute`);
  if (most(60 * MINUTE_MS) > DOCUMENTED.contentPerHour) wrong.push(`${most(60 * MINUTE_MS)} creations in one hour`);
  if (limiter.hammered > 0) wrong.push(`${limiter.hammered} requests came during a limit of the server`);
  return wrong;
}

/** The base only ever went forward over what others pushed, and every commit on it passes the repository's check. */
async function base({ people, state }: GitHub, { repository, outside, check }: Wanted): Promise<readonly string[]> {
  const { directory, defaultBranch: branch } = state.repositoryNamed(repository);
  const wrong: string[] = [];
  for (const sha of outside) {
    const on = await people.git(repository, 'branch', '--contains', sha, '--format=%(refname:short)');
    if (!on.split('\n').includes(branch)) wrong.push(`the outsider's commit ${sha.slice(0, 12)} is lost`);
  }
  const line = (await people.git(repository, 'rev-list', '--first-parent', branch)).split('\n');
  for (const sha of line) {
    const found = await runCommand({ directory, sha, argv: check, signal: new AbortController().signal });
    if (found.kind !== 'completed' || found.conclusion !== 'success')
      wrong.push(`${sha.slice(0, 12)} on ${branch} is red`);
  }
  return wrong;
}

/** Branches of ours; none stays behind. */
export async function branchesLeft({ people }: GitHub, repository: string): Promise<readonly string[]> {
  const names = (await people.git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads')).split('\n');
  return names.filter((name) => /^millwright/.test(name));
}

const twice = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];
