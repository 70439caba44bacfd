import { randomUUID } from 'node:crypto';
import type { Resource } from '../../../cli/api-client.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { type Answer, postOnce } from '../keyed-post.js';
import { ChaosWorld } from '../world.js';

const post = async (world: ChaosWorld, path: string, body: object): Promise<number> => {
  const answer: Answer | undefined = await postOnce(world.instance, { path, body, key: randomUUID() });
  return answer?.status ?? 0;
};

const phaseIs = (world: ChaosWorld, epicId: string, wanted: string): Promise<void> =>
  until(
    async () => {
      const { phase, state } = await world.api.get<Resource>(`/epics/${epicId}`);
      return phase === wanted || state === 'COMPLETED';
    },
    { everyMs: 50 },
  );

async function approveTwice(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const epicId = await world.fileEpic('a', 2, { approval: 'plan' });
  await phaseIs(world, epicId, 'awaiting_approval');
  run.note('a plan that nobody has, then the right one by ten people at once');
  const stale = await post(world, `/epics/${epicId}/approve`, { planVersion: 7 });
  if (stale !== 409) throw new Error(`A version that is not there was answered ${stale}.`);
  const statuses = await Promise.all(
    Array.from({ length: 10 }, () => post(world, `/epics/${epicId}/approve`, { planVersion: 1 })),
  );
  const winners = statuses.filter((status) => status === 200).length;
  if (winners !== 1 || statuses.some((status) => ![200, 409, 412].includes(status)))
    throw new Error(`Ten approvals were answered ${statuses.join(' ')}.`);
  await world.verdict();
}

async function pauseAndResume(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const epicId = await world.fileEpic('a', 3);
  run.note('people who pause and resume an epic at the same time');
  for (let round = 0; round < 6; round++) {
    const verbs = Array.from({ length: 4 }, () => (run.random() < 0.5 ? 'pause' : 'resume'));
    const statuses = await Promise.all(verbs.map((verb) => post(world, `/epics/${epicId}/${verb}`, {})));
    if (statuses.some((status) => ![200, 409, 412].includes(status)))
      throw new Error(`${verbs.join(' ')} were answered ${statuses.join(' ')}.`);
  }
  await post(world, `/epics/${epicId}/resume`, {});
  await world.verdict();
}

/** Whoever comes first wins: the epic is cancelled, or it has landed; never a part of both. */
async function cancelWhileLanding(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  const project = await world.addProject();
  const ended: Resource[] = [];
  for (const name of ['a', 'b', 'c']) {
    const { id } = await world.api.post('/epics', world.epicBody(name, 1));
    world.noteAcknowledged('epic', id);
    await phaseIs(world, String(id), 'integrating');
    run.note(`epic ${name} is cancelled while it lands`);
    const waitMs = run.random() * 1_500;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await post(world, `/epics/${id}/cancel`, {});
    ended.push(await world.instance.untilEpic(id, ({ state }) => state === 'COMPLETED' || state === 'CANCELLED'));
  }
  await world.holds();
  const { pullCommand } = await world.api.get<{ readonly pullCommand: string }>(`/projects/${project.id}`);
  const landed = await world.pulledMerges(pullCommand);
  for (const { title, state, prNumber } of ended) {
    const isLanded = landed.includes(Number(prNumber));
    if (isLanded !== (state === 'COMPLETED')) throw new Error(`${title} is ${state}, and landed: ${isLanded}.`);
  }
}

export const peopleCases: readonly ChaosCase[] = [
  {
    name: '38-approve-twice',
    does: 'a stale plan is approved, then ten people approve the right one at the same time',
    catches: 'an approval that counts twice, or one of a plan that nobody sees any more',
    run: approveTwice,
  },
  {
    name: '38-pause-and-resume',
    does: 'people pause and resume an epic at the same time, 24 times',
    catches: 'a pause that is lost, or an epic that nothing can wake',
    run: pauseAndResume,
  },
  {
    name: '38-cancel-while-landing',
    does: 'epics are cancelled while their pull requests land',
    catches: 'an epic that is cancelled and lands all the same, or a branch that stays behind',
    run: cancelWhileLanding,
  },
];
