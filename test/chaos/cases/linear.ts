import { spoil, WORST_WEBHOOKS } from '../../support/github/faults/worst-day.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { GitHubWorld } from '../github/github-world.js';
import { LinearTracker } from '../github/linear-tracker.js';
import { startSecondApi } from '../second-api.js';

/** An issue of Linear whose code is at GitHub: its first event kills who takes it in, and of the others a third is lost. */
async function killedAtLinearsEvent(run: CaseRun): Promise<void> {
  const tracker = await LinearTracker.open(run);
  const { oauth, webhooks } = tracker.linear;
  const world = await GitHubWorld.open(run, { tasks: 2, trackers: [tracker] });
  const { instance, api } = world.world;
  world.sendEvents();
  await world.addProject();
  const doomed = await startSecondApi(run, instance, { MILLWRIGHT_FAULT: 'commit.after-call-before-record:kill' });
  tracker.sendEvents(doomed.baseUrl, { againAfterMs: 2_000 });
  run.note('a process of the API dies between the commit of an event of Linear and its answer');
  const filing = world.fileIssues();
  await doomed.ended;
  tracker.sendEvents(api.baseUrl, { drop: 0.3, duplicate: 0.3, againAfterMs: 2_000, seed: run.seed });
  await filing;
  run.note('every token of Linear is taken away');
  oauth.revokeAll();
  await world.untilDone();
  const [first] = webhooks.deliveries;
  if (first === undefined || first.status !== undefined) throw new Error(`The event was answered ${first?.status}.`);
  const again = webhooks.deliveries.filter(({ id, status }) => id === first.id && status === 200);
  if (again.length === 0) throw new Error('The event was never acknowledged.');
  const kept = await world.keptDeliveries(`linear/${first.id}`);
  if (kept !== 1) throw new Error(`The event is kept ${kept} times.`);
  if (oauth.tokens.length < 2) throw new Error('No token was asked for again.');
  await world.verdict({ wasKilled: true });
}

/** Two issues of one project at once: one at GitHub, one of Linear; their tasks share a base, a lane and a file. */
async function bothTrackers(run: CaseRun): Promise<void> {
  const linear = await LinearTracker.open(run);
  const world = await GitHubWorld.open(run, { tasks: 3, mergeTarget: 'base', trackers: ['github', linear] });
  world.sendEvents({ ...WORST_WEBHOOKS, seed: run.seed });
  linear.sendEvents(world.world.api.baseUrl, { drop: 0.3, duplicate: 0.3, seed: run.seed });
  await world.addProject();
  spoil(world.github, run.seed);
  await world.fileIssues();
  run.note('an issue at GitHub and one of Linear');
  await world.verdict();
}

export const linearCases: readonly ChaosCase[] = [
  {
    name: '30-linear-killed-at-event',
    does: 'SIGKILL to the API between the commit of an event of Linear and its answer, in a project at GitHub; of all others 30 % are lost and 30 % doubled, and its tokens are taken away',
    catches:
      'an issue of Linear that is lost, becomes two epics, or is not completed when its work has landed at GitHub',
    run: killedAtLinearsEvent,
  },
  {
    name: '30-github-and-linear',
    does: 'an issue at GitHub and one of Linear in the same project, of 3 tasks each, while events of both are lost and doubled, and GitHub fails',
    catches: 'an issue that is told the end of the other, becomes two epics, or is never closed',
    run: bothTrackers,
  },
];
