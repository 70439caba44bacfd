import { ANSWERS } from '../../support/github/faults/faults.js';
import { spoil, WORST_WEBHOOKS } from '../../support/github/faults/worst-day.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { GitHubWorld, REPOSITORY_NAME } from '../github/github-world.js';
import { Outsider } from '../github/outsider.js';

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
  await world.fileIssue();
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
  await world.verdict({ outside: commits });
}

/** No event ever comes. */
async function noWebhooks(run: CaseRun): Promise<void> {
  const world = await GitHubWorld.open(run, { tasks: 4 });
  await world.addProject();
  await world.fileIssue();
  run.note('an epic without a single event');
  await world.verdict();
  if (world.github.webhooks.deliveries.length > 0) throw new Error('Events were sent.');
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
];
