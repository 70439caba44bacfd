import { Inject, Injectable } from '@nestjs/common';
import type { UpdateDefinition } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import { isTaskClosed } from '../../domain/states.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import { insertDecision } from '../../infra/pg/events.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { type EpicTaskCommand, epicCancelTaskUpdate, epicRetryTaskUpdate } from '../../workflows/contract/epic.js';
import { epicWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import { type ControlView, cancelUpdate, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { type ApiRuntimeSettings, POOLS, SETTINGS } from '../dependencies.js';
import { checkVersion } from '../http/etag.js';
import { recordAnswer } from '../http/idempotency.repository.js';
import { type Asked, Controls, notOpen } from '../temporal/controls.js';
import { startLoneTask } from '../temporal/starts.js';
import { unlessNotFound } from '../temporal/workflow-gateway.js';
import { TaskRepository, type TaskRow } from './task.repository.js';
import type { TaskResponse } from './task.response.js';
import { subjectOf, TaskService } from './task.service.js';

/**
 * Commands to a task. While `task/<id>` is open it decides; otherwise its epic does, and for a lone task we write the
 * row ourselves.
 */
@Injectable()
export class TaskControlService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    @Inject(SETTINGS) private readonly settings: ApiRuntimeSettings,
    private readonly controls: Controls,
    private readonly tasks: TaskRepository,
    private readonly answers: TaskService,
  ) {}

  async pause(id: string, asked: Asked): Promise<TaskResponse> {
    const row = await this.tasks.get(id, asked.caller.scope);
    const view = await this.toTask(row, { update: pauseUpdate, verb: 'pause', title: 'Task paused' }, asked);
    if (view === undefined) throw notAtWork(row);
    return this.answers.respond(row, view);
  }

  async resume(id: string, asked: Asked): Promise<TaskResponse> {
    const row = await this.tasks.get(id, asked.caller.scope);
    const view = await this.toTask(row, { update: resumeUpdate, verb: 'resume', title: 'Task resumed' }, asked);
    if (view === undefined) throw notAtWork(row);
    return this.answers.respond(row, view);
  }

  async cancel(id: string, asked: Asked): Promise<TaskResponse> {
    const row = await this.tasks.get(id, asked.caller.scope);
    const how = { verb: 'cancel', title: 'Task cancelled' };
    const view = await this.toTask(row, { update: cancelUpdate, ...how }, asked);
    if (view !== undefined) return this.answers.respond(row, view);
    if (row.epicId === null) return this.cancelAlone(id, asked);
    await this.toEpic(row, { update: epicCancelTaskUpdate, ...how }, asked);
    return this.answers.get(id, asked.caller);
  }

  /** Starts a failed task again, from its last checkpoint. */
  async retry(id: string, asked: Asked): Promise<TaskResponse> {
    const row = await this.tasks.get(id, asked.caller.scope);
    if (row.epicId === null) return this.retryAlone(id, asked);
    await this.toEpic(row, { update: epicRetryTaskUpdate, verb: 'retry', title: 'Task retried' }, asked);
    return this.answers.get(id, asked.caller);
  }

  private toTask(
    row: TaskRow,
    { update, verb, title }: { update: typeof pauseUpdate; verb: string; title: string },
    asked: Asked,
  ): Promise<ControlView | undefined> {
    const workflowId = taskWorkflowId(row.id);
    const control = { update, workflowId, fields: {}, what: `task.${verb}`, title, subject: subjectOf(row), row };
    return unlessNotFound(this.controls.send(control, asked));
  }

  /** The epic's own revision is another one than the task's, so ours is compared here. */
  private async toEpic(
    row: TaskRow,
    { update, verb, title }: { update: UpdateDefinition<ControlView, [EpicTaskCommand]>; verb: string; title: string },
    asked: Asked,
  ): Promise<void> {
    checkVersion(row, asked.expected);
    const control = {
      update,
      workflowId: epicWorkflowId(row.epicId ?? ''),
      fields: { taskId: row.id },
      what: `task.${verb}`,
      title,
      subject: subjectOf(row),
    };
    const view = await unlessNotFound(this.controls.send(control, { ...asked, expected: undefined }));
    if (view === undefined) throw new Failure('InvalidState', 'The epic of the task has ended.');
  }

  private cancelAlone(id: string, asked: Asked): Promise<TaskResponse> {
    return this.changeAlone(id, { verb: 'cancel', title: 'Task cancelled' }, asked, async (tx, before) => {
      if (before.state !== 'FAILED' && before.state !== 'PENDING') throw notOpen('task', isTaskClosed(before.state));
      return this.tasks.cancel(tx, id);
    });
  }

  private retryAlone(id: string, asked: Asked): Promise<TaskResponse> {
    return this.changeAlone(id, { verb: 'retry', title: 'Task retried' }, asked, async (tx, before) => {
      if (before.state !== 'FAILED') {
        throw new Failure('InvalidState', `The task is ${before.state}: only a FAILED one can be retried.`);
      }
      const row = await this.tasks.restart(tx, id);
      await startLoneTask(tx, row, this.settings.tuning);
      return row;
    });
  }

  private changeAlone(
    id: string,
    { verb, title }: { readonly verb: string; readonly title: string },
    { caller, reason, expected }: Asked,
    change: (tx: Tx, before: TaskRow) => Promise<TaskRow>,
  ): Promise<TaskResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const before = await this.tasks.lock(tx, id, caller.scope);
      checkVersion(before, expected);
      const row = await change(tx, before);
      const answer = this.answers.respond(row);
      await recordAnswer(tx, caller, 200, answer);
      await insertDecision(tx, {
        ...subjectOf(row),
        kind: 'transition',
        title: `Task ${before.state} → ${row.state}`,
        decision: row.state,
        reasoning: reason ?? '',
        by: caller.by,
      });
      await recordHumanAct(tx, caller, {
        ...subjectOf(row),
        what: `task.${verb}`,
        object: taskWorkflowId(id),
        title,
        reason,
        before,
        after: row,
        event: { type: 'task.state', data: { from: before.state, to: row.state, by: caller.by } },
      });
      return answer;
    });
  }
}

/** A task of an epic has no workflow until its epic starts it, which may take days: that is no reason to try again soon. */
const notAtWork = ({ state, epicId }: TaskRow): Failure => {
  if (state === 'FAILED') return new Failure('InvalidState', 'The task has failed: retry it.');
  if (state === 'PENDING' && epicId !== null) {
    const message = 'The task has not begun: its epic starts it in its turn. Pause the epic, or cancel the task.';
    return new Failure('InvalidState', message);
  }
  return notOpen('task', isTaskClosed(state));
};
