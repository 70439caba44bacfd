import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { type OwnerForgeEvent, ownerForgeEventSignal } from '../../workflows/contract/forge-event.js';
import { epicWorkflowId, FACTORY_WORKFLOW_ID, queueWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import type { TaskInput, TaskWorkflow } from '../../workflows/contract/task.js';
import { QUEUE } from '../../workflows/contract/task-queues.js';
import { until } from '../support/until.js';
import { type Heard, heardQuery } from './support/listener.workflow.js';
import { Rig } from './support/rig.js';
import { TaskWorld, TaskWorlds } from './support/task-world.js';

const worlds = new TaskWorlds();
let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start('./task.bundle.ts', worlds.activities, ['host-a', 'host-b']);
  await listen(FACTORY_WORKFLOW_ID);
}, 120_000);
afterAll(() => rig.stop());

const listen = (workflowId: string, admits = true) =>
  rig.env.client.workflow.start('listener', { workflowId, taskQueue: QUEUE.shared, args: [{ admits }] });

interface Started {
  readonly id: string;
  readonly task: WorkflowHandle<TaskWorkflow>;
  readonly world: TaskWorld;
  readonly owner: () => Promise<Heard>;
  readonly queue: () => Promise<Heard>;
  readonly landed: () => Promise<void>;
}

interface Setting {
  readonly input?: Partial<TaskInput>;
  readonly admits?: boolean;
  readonly alone?: boolean;
}

async function start(world: TaskWorld, { input = {}, admits = true, alone = false }: Setting = {}): Promise<Started> {
  const id = randomUUID();
  if (!alone) world.facts = { ...world.facts, epicId: id };
  worlds.add(id, world);
  const owner = await listen(epicWorkflowId(id), admits);
  const queue = await listen(queueWorkflowId(id, 'main'));
  const task = await rig.env.client.workflow.start<TaskWorkflow>('task', {
    workflowId: taskWorkflowId(id),
    taskQueue: QUEUE.shared,
    args: [{ taskId: id, attempt: 1, tuning: 'brisk', ...input }],
  });
  const landed = async () => {
    await until(async () => world.enqueued.length > 0 && world.row.state === 'REVIEW');
    await task.signal(ownerForgeEventSignal, landing(world));
  };
  return { id, task, world, owner: () => owner.query(heardQuery), queue: () => queue.query(heardQuery), landed };
}

const landing = (world: TaskWorld): OwnerForgeEvent => ({
  kind: 'entryLanded',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  mergeSha: 'merge-1',
});

test('a task is run, committed, verified, published, queued and landed', async () => {
  const { id, task, world, owner, landed } = await start(new TaskWorld());
  await landed();
  expect(await task.result()).toEqual({ kind: 'completed', mergeSha: 'merge-1' });
  expect(world.states()).toEqual(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'COMPLETED']);
  expect(world.commits.map(({ parents, summary }) => ({ parents, summary }))).toEqual([
    { parents: ['tip-1'], summary: 'all done' },
  ]);
  expect(world.enqueued).toMatchObject([{ prNumber: 7, headSha: 'head-1', owner: taskWorkflowId(id) }]);
  expect(world.dropped).toEqual([`merged ${id}`, 'checkpoints']);
  expect(world.released).toEqual(['tree-1']);
  expect(world.row).toMatchObject({ state: 'COMPLETED', headSha: 'head-1', baseSha: 'tip-1', prNumber: 7 });
  const slots = (await owner()).tasks.map(({ wantsSlot }) => wantsSlot);
  expect([slots.indexOf(false) > 0, slots.lastIndexOf(true) < slots.indexOf(false)]).toEqual([true, true]);
  expect((await owner()).tasks.at(-1)).toMatchObject({ landedSha: 'merge-1', hasBranch: true });
});
