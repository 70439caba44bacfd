import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import { type OwnerForgeEvent, ownerForgeEventSignal } from '../../../workflows/contract/forge-event.js';
import {
  epicWorkflowId,
  FACTORY_WORKFLOW_ID,
  queueWorkflowId,
  taskWorkflowId,
} from '../../../workflows/contract/ids.js';
import type { TaskInput, TaskWorkflow } from '../../../workflows/contract/task.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { until } from '../../support/until.js';
import { gate } from './gate.js';
import { type Heard, heardQuery } from './listener.workflow.js';
import { Rig } from './rig.js';
import { calls, complete, failure, RunWorld } from './run-world.js';
import { type TaskWorld, TaskWorlds } from './task-world.js';

export interface StartedTask {
  readonly id: string;
  readonly task: WorkflowHandleWithStartDetails<TaskWorkflow>;
  readonly world: TaskWorld;
  /** What its epic heard. */
  readonly owner: () => Promise<Heard>;
  /** What its merge queue heard. */
  readonly queue: () => Promise<Heard>;
  /** Waits until it is in the queue, and lands it. */
  readonly landed: () => Promise<void>;
}

export interface Setting {
  readonly input?: Partial<TaskInput>;
  /** Whether its epic gives a slot to whoever asks. */
  readonly admits?: boolean;
  readonly alone?: boolean;
}

/** The server, the workers and the neighbours of the tasks of one suite. */
export class TaskSuite {
  readonly worlds = new TaskWorlds();
  private started: Rig | undefined;

  /** Call at the top of a test file. */
  static use(): TaskSuite {
    const suite = new TaskSuite();
    beforeAll(async () => {
      suite.started = await Rig.start('./task.bundle.ts', suite.worlds.activities, ['host-a', 'host-b']);
      await suite.listen(FACTORY_WORKFLOW_ID);
    });
    afterAll(() => suite.rig.stop());
    return suite;
  }

  get rig(): Rig {
    if (!this.started) throw new Error('the suite has not started');
    return this.started;
  }

  get client() {
    return this.rig.env.client;
  }

  readonly start = async (
    world: TaskWorld,
    { input = {}, admits = true, alone = false }: Setting = {},
  ): Promise<StartedTask> => {
    const id = randomUUID();
    if (!alone) world.facts = { ...world.facts, epicId: id };
    this.worlds.add(id, world);
    const owner = await this.listen(epicWorkflowId(id), admits);
    const queue = await this.listen(queueWorkflowId(id, 'main'));
    const task = await this.client.workflow.start<TaskWorkflow>('task', {
      workflowId: taskWorkflowId(id),
      taskQueue: QUEUE.shared,
      args: [{ taskId: id, attempt: 1, tuning: 'brisk', ...input }],
    });
    const landed = async () => {
      await isQueued(world);
      await task.signal(ownerForgeEventSignal, landing(world));
    };
    return { id, task, world, owner: () => owner.query(heardQuery), queue: () => queue.query(heardQuery), landed };
  };

  private listen(workflowId: string, admits = true) {
    return this.client.workflow.start('listener', { workflowId, taskQueue: QUEUE.shared, args: [{ admits }] });
  }
}

export const landing = (world: TaskWorld): OwnerForgeEvent => ({
  kind: 'entryLanded',
  entryId: world.enqueued.at(-1)?.entryId ?? '',
  prNumber: 7,
  mergeSha: 'merge-1',
});

export const reaches = (world: TaskWorld, state: string): Promise<void> => until(() => world.row.state === state);

/** Its newest entry, at least the `count`th, is in the queue and its row says so. */
export const isQueued = (world: TaskWorld, count = 1): Promise<void> =>
  until(() => world.enqueued.length >= count && world.row.state === 'REVIEW');

/** Waits at the gate in its first turn, then completes. */
export const slowRun = (): RunWorld =>
  new RunWorld([{ reply: calls('host-slow'), tools: { 'host-slow': gate() } }, complete]);
/** Ends at once, by no fault of the agent. */
export const refusedRun = (): RunWorld => new RunWorld([{ fail: failure('PermissionDenied') }]);
/** Ends by fault of the agent. */
export const silentRun = (): RunWorld => new RunWorld([]);
