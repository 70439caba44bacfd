import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { type ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { QueueForgeEvent } from '../../../workflows/contract/forge-event.js';
import { queueWorkflowId, taskWorkflowId } from '../../../workflows/contract/ids.js';
import {
  type EnqueueInput,
  type EnqueueOutcome,
  type MergeQueueInput,
  type MergeQueueWorkflow,
  mergeQueueEnqueueUpdate,
  mergeQueueEntriesQuery,
  mergeQueueWhyQuery,
} from '../../../workflows/contract/merge-queue.js';
import { mergeQueueStart } from '../../../workflows/contract/starts.js';
import { QUEUE } from '../../../workflows/contract/task-queues.js';
import { until } from '../../support/until.js';
import { type OwnerHeard, ownerHeardQuery, saySignal } from './owner.workflow.js';
import { QueueWorld, shaOf } from './queue-world.js';
import { Rig } from './rig.js';

export const QUICK = { tickMs: 60_000, infraBackoffMs: [50, 50, 50], controlEveryMs: 60_000, silentMs: 0 };

export interface OwnerHandle {
  readonly id: string;
  heard(): Promise<OwnerHeard>;
  say(event: QueueForgeEvent): Promise<void>;
}

/** A queue of its own for each test of a suite, over one server; the world behind it changes with each test. */
export class QueueRig {
  private started: Rig | undefined;
  world: QueueWorld = new QueueWorld((id) => this.describe(id));
  projectId = '';
  readonly owners: WorkflowHandle[] = [];

  get rig(): Rig {
    if (!this.started) throw new Error('the suite has not begun');
    return this.started;
  }

  get queue(): WorkflowHandle<MergeQueueWorkflow> {
    return this.rig.env.client.workflow.getHandle(queueWorkflowId(this.projectId, 'main'));
  }

  /** Registers the hooks of a suite. */
  static forSuite(): QueueRig {
    const made = new QueueRig();
    const activities = Object.fromEntries(
      Object.keys(made.world.activities).map((name) => [
        name,
        (input: never) =>
          (made.world.activities as unknown as Record<string, (input: never) => unknown>)[name]?.(input),
      ]),
    );
    beforeAll(async () => {
      made.started = await Rig.start('./queue.bundle.ts', activities, []);
    });
    afterAll(() => made.rig.stop());
    beforeEach(() => {
      made.world = new QueueWorld((id) => made.describe(id));
      made.projectId = randomUUID();
    });
    afterEach(async () => {
      // Builds outlive their queue: one that went on would store evidence in the next test's world.
      const builds = [...made.world.builds.values()].map(({ workflowId }) =>
        made.rig.env.client.workflow.getHandle(workflowId),
      );
      const open = [made.queue, ...builds, ...made.owners.splice(0)];
      await Promise.all(open.map((handle) => handle.terminate().catch(() => undefined)));
      made.world.release();
    });
    return made;
  }

  async start(input: Partial<MergeQueueInput> = {}): Promise<void> {
    const { projectId } = this;
    const { workflowType, options } = mergeQueueStart(projectId, 'main', 'brisk');
    const args: [MergeQueueInput] = [{ projectId, branch: 'main', tuning: 'brisk', timing: QUICK, ...input }];
    await this.rig.env.client.workflow.start<MergeQueueWorkflow>(workflowType, { ...options, args });
  }

  async owner(n: number): Promise<OwnerHandle> {
    const id = taskWorkflowId(`${this.projectId}-${n}`);
    const handle = await this.rig.env.client.workflow.start('owner', { workflowId: id, taskQueue: QUEUE.shared });
    this.owners.push(handle);
    return {
      id,
      heard: () => handle.query(ownerHeardQuery),
      say: (event) => handle.signal(saySignal, { to: this.queue.workflowId, event }),
    };
  }

  idOf(n: number): string {
    return `${this.projectId}:${n}`;
  }

  entryOf(n: number, more: Partial<EnqueueInput> = {}): EnqueueInput {
    return {
      entryId: this.idOf(n),
      prNumber: n,
      owner: taskWorkflowId(`${this.projectId}-${n}`),
      headRef: `millwright/t${n}`,
      headSha: this.world.prs.get(n)?.headSha ?? shaOf(`head ${n}`),
      title: `Change ${n}`,
      priority: 1,
      by: 'tester',
      ...more,
    };
  }

  enqueue(n: number, more: Partial<EnqueueInput> = {}): Promise<EnqueueOutcome> {
    return this.queue.executeUpdate(mergeQueueEnqueueUpdate, { args: [this.entryOf(n, more)] });
  }

  /** Enqueues one after the other: an entry takes its turn when it has been inspected, which one may be before another. */
  async enqueueInTurn(...numbers: readonly number[]): Promise<void> {
    for (const n of numbers) {
      await this.enqueue(n);
      await this.isInTurn(n);
    }
  }

  isInTurn(n: number): Promise<void> {
    return until(() => this.stateOf(n) !== undefined && this.stateOf(n) !== 'queued');
  }

  view() {
    return this.queue.query(mergeQueueEntriesQuery);
  }

  why(n: number) {
    return this.queue.query(mergeQueueWhyQuery, this.idOf(n));
  }

  stateOf(n: number): string | undefined {
    return this.world.entries.get(this.idOf(n))?.state;
  }

  private async describe(workflowId: string) {
    try {
      const { status } = await this.rig.env.client.workflow.getHandle(workflowId).describe();
      return { workflowId, state: status.name === 'RUNNING' ? ('open' as const) : ('closed' as const) };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { workflowId, state: 'absent' as const };
      throw error;
    }
  }
}

/** Failure type of a refused update; null when it was not refused. */
export const refusalOf = async (answer: Promise<unknown>): Promise<string | undefined | null> => {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof WorkflowUpdateFailedError ? (error.cause as ApplicationFailure).type : null;
};
