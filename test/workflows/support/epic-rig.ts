import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type EpicInput, type EpicView, type EpicWorkflow, epicStatusQuery } from '../../../workflows/contract/epic.js';
import { type OwnerForgeEvent, ownerForgeEventSignal } from '../../../workflows/contract/forge-event.js';
import { epicWorkflowId, FACTORY_WORKFLOW_ID, queueWorkflowId } from '../../../workflows/contract/ids.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { until } from '../../support/until.js';
import type { TaskEnding } from './epic-stubs.workflow.js';
import { type EpicWorld, EpicWorlds, gate } from './epic-world.js';
import { type Heard, heardQuery } from './listener.workflow.js';
import { Rig } from './rig.js';

export const BY = { by: 'ada' };
const worlds = new EpicWorlds();
let rig: Rig;

/** One server, worker and factory for the suite that calls it. */
export function useEpics(): { readonly rig: () => Rig } {
  beforeAll(async () => {
    rig = await Rig.start('./epic.bundle.ts', worlds.activities, ['host-a']);
    await rig.env.client.workflow.start('factory', { workflowId: FACTORY_WORKFLOW_ID, taskQueue: QUEUE.shared });
  });
  afterAll(() => rig.stop());
  return { rig: () => rig };
}

export interface Started {
  readonly id: string;
  readonly epic: WorkflowHandle<EpicWorkflow>;
  readonly world: EpicWorld;
  readonly view: () => Promise<EpicView>;
  readonly landed: () => Promise<void>;
  /** Until the row says so: state, or phase, or what it waits for. */
  readonly reached: (text: string) => Promise<void>;
}

export async function start(
  world: EpicWorld,
  input: Partial<EpicInput> = {},
  id: string = randomUUID(),
): Promise<Started> {
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
  const reached = (text: string): Promise<void> =>
    until(() => [world.row.state, world.row.phase, world.row.waitingFor].some((one) => one?.includes(text)));
  return { id, epic, world, view: () => epic.query(epicStatusQuery), landed, reached };
}

const landing = (world: EpicWorld): OwnerForgeEvent => ({
  kind: 'entryLanded',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  mergeSha: 'merge-1',
});

export const refusal = (update: Promise<unknown>): Promise<string> =>
  update.then(
    () => 'accepted',
    (error: unknown) =>
      error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
        ? String(error.cause.type)
        : String(error),
  );

/** Tasks that wait until the test lets each go on. */
export function gated(world: EpicWorld): (key: string, ending?: TaskEnding) => void {
  const gates = new Map<string, ReturnType<typeof gate<TaskEnding>>>();
  const of = (key: string) => {
    const known = gates.get(key) ?? gate<TaskEnding>();
    gates.set(key, known);
    return known;
  };
  world.onTask = (key) => of(key).promise;
  return (key, ending = 'COMPLETED') => of(key).open(ending);
}

/** Stands where the base branch's queue stands. */
export async function listen(id: string): Promise<() => Promise<Heard>> {
  const workflowId = queueWorkflowId(id, 'main');
  const queue = await rig.env.client.workflow.start('listener', { workflowId, taskQueue: QUEUE.shared });
  return () => queue.query(heardQuery);
}
