import { setTimeout as sleep } from 'node:timers/promises';
import { Killer } from '../../support/e2e/killer.js';
import type { JobRequest, JobResult } from '../../support/github/ci/jobs.js';
import { ANSWERS } from '../../support/github/faults/faults.js';
import { spoil, WORST_WEBHOOKS } from '../../support/github/faults/worst-day.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { GitHubWorld, REPOSITORY_NAME } from '../github/github-world.js';
import { Outsider } from '../github/outsider.js';
import { startSecondApi } from '../second-api.js';

/** Everything at once: 20 tasks that land on the base itself, on GitHub's worst day. */
async function trial(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 20, mergeTarget: 'base' });
  const { github } = world;
  world.sendEvents({ ...WORST_WEBHOOKS, seed: run.seed });
  await world.addProject();
  spoil(github, run.seed);
  Object.assign(github.timing, { staleMs: 700 });
  const limit = { path: /\/(pulls|issues|check-runs)/, times: 1 };
  github.faults.add(
    { ...limit, after: 150, act: ANSWERS.secondaryLimit(403, 10) },
    { ...limit, after: 400, act: ANSWERS.secondaryLimit(403) },
  );
  await world.fileIssues();
  run.note('20 tasks on the worst day');
  const lanes = world.openLanes(run);
  const outsider = new Outsider(github, run, {
    repository: REPOSITORY_NAME,
    pushes: 8,
    betweenMs: 8_000,
    rewritesAfter: 4,
  });
  await world.untilDone();
  const { commits, rewritten } = await outsider.done();
  run.note(`the base was rewritten ${rewritten} times, and its lane opened ${lanes.opened()} times`);
  if (rewritten === 0) throw new Error('The base was never rewritten.');
  await world.verdict({ outside: commits });
}

/** No event ever comes. */
async function noWebhooks(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 4 });
  await world.addProject();
  await world.fileIssues();
  run.note('an epic without a single event');
  await world.verdict();
  if (world.github.webhooks.deliveries.length > 0) throw new Error('Events were sent.');
}

/** The one event that says that there is work: kept, and its receiver dead before it could say so. */
async function killedAtEvent(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 2 });
  const { github } = world;
  const { instance } = world.world;
  await world.addProject();
  const doomed = await startSecondApi(run, instance, { MILLWRIGHT_FAULT: 'commit.after-call-before-record:kill' });
  world.sendEvents({ url: `${doomed.baseUrl}/webhooks/github`, events: ['issues'] });
  run.note('a process of the API dies between the commit of an event and its answer');
  await world.fileIssues();
  await doomed.ended;
  const [first] = github.webhooks.deliveries;
  if (first === undefined || first.statusCode !== 0) throw new Error(`The event was answered ${first?.statusCode}.`);
  world.sendEvents();
  await world.untilDone();
  const again = github.webhooks.deliveries.filter(({ guid }) => guid === first.guid);
  if (!again.some(({ statusCode }) => statusCode === 202)) throw new Error('The event was never acknowledged.');
  const kept = await world.keptDeliveries(first.guid);
  if (kept !== 1) throw new Error(`The event is kept ${kept} times.`);
  await world.verdict({ wasKilled: true });
}

const STORM = { minMs: 4_000, maxMs: 8_000, times: 12 };

/** Worker, API, PostgreSQL, Temporal and sandboxes are killed in turn. */
async function killed(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 6 });
  world.sendEvents({ ...WORST_WEBHOOKS, seed: run.seed });
  await world.addProject();
  spoil(world.github, run.seed);
  await world.fileIssues();
  const killer = new Killer(world.world.instance, {
    seed: run.seed,
    ...STORM,
    onKill: ({ victim }) => run.note(`killed: ${victim}`),
  });
  await world.untilDone().finally(() => killer.stop());
  await world.verdict({ boughtAgain: STORM.times, wasKilled: true });
}

const ROUNDS = 6;

/** Tokens that are none any more: taken away while they are in use, and older than GitHub lets them be. */
async function revoked(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 4 });
  const { github } = world;
  world.sendEvents();
  await world.addProject();
  await world.fileIssues();
  let isOver = false;
  const revoking = (async () => {
    for (let round = 1; round <= ROUNDS && !isOver; round++) {
      await sleep(2_000 + run.random() * 3_000);
      run.note(`every token is taken away, ${round} of ${ROUNDS} times`);
      for (const token of github.tokens) token.revokedAtMs ??= github.clock.now();
    }
  })();
  run.atEnd(async () => {
    isOver = true;
    await revoking;
  });
  await world.untilDone();
  await revoking;
  await world.verdict();
}

/** Both forms of GitHub's secondary limit, in the middle of the work. */
async function limited(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 3 });
  const { github } = world;
  world.sendEvents();
  await world.addProject();
  const limit = { path: /\/(pulls|issues)/, times: 1 };
  github.faults.add(
    { ...limit, after: 10, act: ANSWERS.secondaryLimit(403, 15) },
    { ...limit, after: 40, act: ANSWERS.secondaryLimit(429) },
  );
  await world.fileIssues();
  run.note('GitHub says that it is too much, with and without a time to wait');
  await world.untilDone();
  const struck = github.requests.filter(({ fault }) => fault === 'answer 403' || fault === 'answer 429');
  if (struck.length !== 2) throw new Error(`${struck.length} of 2 limits were met.`);
  for (const { atMs, fault } of struck) {
    const early = world.requestsWithin(atMs, fault === 'answer 403' ? 15_000 : 60_000);
    if (early.length > 0) throw new Error(`${early.length} requests came while we had been told to wait.`);
  }
  await world.verdict();
}

/** A branch of ours is pushed over by somebody, by force, while it waits to land. */
async function rewrittenBranch(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 2, mergeTarget: 'base' });
  const { github } = world;
  world.sendEvents();
  await world.addProject();
  await world.fileIssues();
  const isOpen = (): boolean => github.state.issues.some(({ pull, state }) => pull !== null && state === 'open');
  await until(isOpen, { everyMs: 5, atMostMs: 300_000 });
  const target = github.state.issues.find(({ pull, state }) => pull !== null && state === 'open');
  const branch = target?.pull?.headRef ?? '';
  run.note(`somebody pushes another commit over ${branch}`);
  const parent = await github.people.git(REPOSITORY_NAME, 'rev-parse', 'main');
  const files = { 'theirs.txt': 'theirs\n' };
  const theirs = await github.people.push({ repository: REPOSITORY_NAME, branch, by: 'olga', files, parent });
  const title = target?.title ?? '';
  await world.untilTask(title, (state) => state === 'BLOCKED');
  if (await world.isOnBase(theirs)) throw new Error('What nobody had checked has landed.');
  run.note('a person lets the task take it in');
  world.say('/millwright resume', target?.number);
  await world.untilTask(title, (state) => state !== 'BLOCKED');
  await world.verdict({ outside: [theirs] });
}

/** The base and the repository itself get other names while tasks land, and the base goes for a while. */
async function renamed(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 6, mergeTarget: 'base' });
  const { github } = world;
  await world.addProject();
  await world.fileIssues();
  const merged = (): number => github.state.issues.filter(({ pull }) => pull && pull.mergedAt !== null).length;
  const untilMerged = (count: number) => until(() => merged() >= count, { everyMs: 20, atMostMs: 600_000 });
  await untilMerged(1);
  run.note('its default branch is renamed');
  await github.admin.renameDefaultBranch(world.repository, 'trunk');
  await untilMerged(2);
  run.note('the repository is renamed');
  github.admin.rename(world.repository, 'anarchy');
  await untilMerged(3);
  const branch = world.base;
  const tip = (await github.people.tip(world.repository, branch)) ?? '';
  run.note('its base is deleted');
  await github.people.moveBranch({ repository: world.repository, branch, to: null });
  const { api, projectId } = world.world;
  const isSaid = async () => String((await api.get(`/projects/${projectId}`)).reason).startsWith('BASE_GONE: ');
  await until(isSaid, { everyMs: 200, atMostMs: 180_000 });
  run.note('and restored');
  await github.people.moveBranch({ repository: world.repository, branch, to: tip });
  await world.verdict();
}

/** What a CI does to those who wait for it. */
async function moodyCi(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, {
    tasks: 5,
    ci: { unreliability: { flaky: 0.3, late: 0.3, lateMs: 4_000, seed: run.seed } },
  });
  world.sendEvents({ ...WORST_WEBHOOKS, seed: run.seed });
  await world.addProject();
  await world.fileIssues();
  run.note('a CI that fails by chance, or comes late');
  await world.verdict();
}

/** The CI was broken, and so everything of ours; somebody mends it and presses "Re-run" at our check run. */
async function askedAgain(run: CaseRun): Promise<void> {
  let isBroken = true;
  const decide = async ({ sha }: JobRequest): Promise<JobResult> => {
    const isRed = isBroken && !(await world.isOnBase(sha));
    return { kind: 'completed', conclusion: isRed ? 'failure' : 'success' };
  };
  const world: GitHubWorld = await GitHubWorld.open(run, {
    tasks: 1,
    mergeTarget: 'base',
    ci: { work: { kind: 'script', decide } },
  });
  const { github } = world;
  world.sendEvents();
  await world.addProject();
  await world.fileIssues();
  run.note('a CI that is broken for whatever is not landed');
  await world.untilTask('t-01', (state) => state === 'BLOCKED');
  const ours = () => github.state.checkRuns.filter(({ name }) => name === 'millwright / checks');
  const heads = new Set<string>();
  await until(
    () => {
      for (const { headSha } of ours()) heads.add(headSha);
      return ours().filter(({ conclusion }) => conclusion === 'failure').length === 3;
    },
    { everyMs: 200, atMostMs: 120_000 },
  );
  isBroken = false;
  const red = ours().at(-1);
  run.note('it is mended, and somebody presses “Re-run”');
  github.people.askForCheckAgain({ repository: REPOSITORY_NAME, by: 'olga', id: red?.id ?? 0 });
  await world.untilDone();
  const verdicts = ours().filter(({ headSha }) => headSha === red?.headSha);
  const said = verdicts.map(({ conclusion }) => conclusion).join(', ');
  if (said !== 'failure, success') throw new Error(`The commit was shown as: ${said}.`);
  if (ours().some(({ headSha }) => !heads.has(headSha))) throw new Error('An agent worked on it once more.');
  await world.verdict();
}

export const githubCases: readonly ChaosCase[] = [
  {
    name: '30-github-worst-day',
    does: 'an issue of 20 tasks while events are lost, doubled and late, GitHub fails, lags and limits, and somebody pushes to the base, once by force',
    catches: 'a pull request that is decided twice, a second one, or an outsider’s commit that is lost',
    run: trial,
  },
  {
    name: '30-github-no-webhooks',
    does: 'an issue of 4 tasks at a GitHub that sends no event at all',
    catches: 'anything that happens only because an event came',
    run: noWebhooks,
  },
  {
    name: '30-github-killed-at-event',
    does: 'SIGKILL to the API between the commit of an event and its acknowledgement; GitHub is asked for it again',
    catches: 'an event that is lost with its receiver, or acted on twice',
    run: killedAtEvent,
  },
  {
    name: '30-github-killed',
    does: 'SIGKILL to worker, API, PostgreSQL, Temporal server and sandboxes in turn while an issue of 6 tasks lands on GitHub’s worst day',
    catches: 'a pull request, a comment or a landing that comes twice because its first attempt died',
    run: killed,
  },
  {
    name: '28-github-tokens-revoked',
    does: 'every token of the App is taken away every few seconds, in the middle of an epic',
    catches: 'a refused token that blocks a task or closes a lane, though another one is to be had',
    run: revoked,
  },
  {
    name: '28-github-limits',
    does: 'GitHub refuses with its secondary limit in the middle of an epic, once with a time to wait and once without',
    catches: 'requests while we were told to wait; work that is given up over a limit',
    run: limited,
  },
  {
    name: '25-github-branch-forced',
    does: 'somebody pushes another commit by force over the branch of a task whose pull request is open',
    catches: 'a commit that nobody checked and that lands, or a task that nobody can wake',
    run: rewrittenBranch,
  },
  {
    name: '25-github-renamed',
    does: 'the default branch is renamed in the middle of 6 tasks that land on it, then the repository, and then the base is deleted and restored',
    catches: 'work that is sent away or blocked because a name changed, or because its base was gone for a while',
    run: renamed,
  },
  {
    name: '31-github-moody-ci',
    does: 'GitHub’s own CI fails by chance in three of ten runs, and comes late in three',
    catches: 'a change that is blamed for the moods of the CI',
    run: moodyCi,
  },
  {
    name: '31-github-asked-again',
    does: 'GitHub’s own CI fails every change until a task waits for people; it is mended, and somebody presses “Re-run” at our check run',
    catches:
      'a button that nobody hears, a verdict that is kept though somebody asks anew, or an agent that is paid for nothing',
    run: askedAgain,
  },
];
