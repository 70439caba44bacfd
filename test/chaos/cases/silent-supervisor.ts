import type { Resource } from '../../../cli/api-client.js';
import type { Rule } from '../../support/model-server/scenario.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { scenarioOf, WORKER } from '../scenario.js';
import { ChaosWorld } from '../world.js';

const ASKING: Rule = {
  ...WORKER,
  steps: [
    {
      calls: [
        {
          tool: 'mail_send',
          input: { to: 'supervisor', subject: 'Which colour?', body: 'Red or blue?', needs_answer: true },
        },
      ],
    },
    ...(WORKER.steps ?? []),
  ],
};

/** The scripted supervisor reads its mail and says that there is nothing to do. */
async function sayNothing(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { scenario: scenarioOf(ASKING) });
  await world.addProject();
  await world.fileEpic('a', 1);
  run.note('a worker asks, and its supervisor reads that and says nothing, twice');
  let question: Resource | undefined;
  await until(async () => {
    [question] = await world.api.list('/mail', { toKind: 'human', waiting: 'true' });
    return question !== undefined;
  });
  const asked = await world.instance.query(`SELECT id FROM run WHERE kind = 'supervision'`);
  if (asked.length !== 2) throw new Error(`The supervisor was asked ${asked.length} times before a person was.`);
  await world.api.post(`/mail/${question?.id}/reply`, { body: 'Red.' });
  await world.verdict();
}

export const silentSupervisorCases: readonly ChaosCase[] = [
  {
    name: '33-silent-supervisor',
    does: 'a supervisor that reads a question of a worker and ends without answering it',
    catches: 'a question that nobody has in mind any more, and a task that sleeps over it for ever',
    run: sayNothing,
  },
];
