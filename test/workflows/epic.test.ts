import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { EpicInput, EpicWorkflow } from '../../workflows/contract/epic.js';
import { type OwnerForgeEvent, ownerForgeEventSignal } from '../../workflows/contract/forge-event.js';
import { epicWorkflowId, FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { EpicWorld, EpicWorlds } from './support/epic-world.js';
import { Rig } from './support/rig.js';

const worlds = new EpicWorlds();
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start('./epic.bundle.ts', worlds.activities, ['host-a']);
  await rig.env.client.workflow.start('factory', { workflowId: FACTORY_WORKFLOW_ID, taskQueue: QUEUE.shared });
}, 120_000);
afterAll(() => rig.stop());

interface Started {
  readonly id: string;
  readonly epic: WorkflowHandle<EpicWorkflow>;
  readonly world: EpicWorld;
  readonly landed: () => Promise<void>;
}

async function start(world: EpicWorld, input: Partial<EpicInput> = {}): Promise<Started> {
  const id = randomUUID();
  worlds.add(id, world);
  const epic = await rig.env.client.workflow.start<EpicWorkflow>('epic', {
    workflowId: epicWorkflowId(id),
    taskQueue: QUEUE.shared,
    args: [{ epicId: id, tuning: 'brisk', ...input }],
  });
  const landed = async (): Promise<void> => {
    await until(() => world.enqueued.length > 0);
    await epic.signal(ownerForgeEventSignal, landing(world));
  };
  return { id, epic, world, landed };
}

const landing = (world: EpicWorld): OwnerForgeEvent => ({
  kind: 'entryLanded',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  mergeSha: 'merge-1',
});

test('a given plan is carried out, and its pull request lands', async () => {
  const { epic, world, landed } = await start(new EpicWorld({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }));
  await landed();
  expect(await epic.result()).toEqual({ kind: 'completed', landed: 4, mergeSha: 'merge-1' });
  expect(world.states()).toEqual(['IN_PROGRESS', 'COMPLETED']);
  expect(world.row).toMatchObject({ state: 'COMPLETED', waitingFor: null, blockedReason: null, prNumber: 7 });
  expect(world.keysOf('started')[0]).toBe('a');
  expect(world.keysOf('started').at(-1)).toBe('d');
  expect(world.enqueued).toMatchObject([{ prNumber: 7, headSha: 'epic-1', headRef: 'millwright/epic' }]);
  expect(world.dropped).toEqual(['merged merge-1']);
  expect(world.mailed()).toEqual(['epic_completed']);
});
