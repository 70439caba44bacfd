import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { taskBranch } from '../../domain/branch-names.js';
import { Failure } from '../../domain/failures.js';
import { EPIC_MACHINE, isTerminal } from '../../domain/states.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { epicAddTaskUpdate } from '../../workflows/contract/epic.js';
import { epicWorkflowId, taskWorkflowId } from '../../workflows/contract/ids.js';
import type { ControlView } from '../../workflows/contract/messages.js';
import type { Caller } from '../auth/caller.js';
import { type ApiRuntimeSettings, POOLS, SETTINGS } from '../dependencies.js';
import { EpicRepository, type EpicRow } from '../epics/epic.repository.js';
import { openCursor, toPage } from '../http/cursor.js';
import { checkVersion, type RowVersion } from '../http/etag.js';
import { recordAnswer } from '../http/idempotency.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { requireReady } from '../projects/readiness.js';
import { Controls, notOpen } from '../temporal/controls.js';
import { temporalLink } from '../temporal/links.js';
import { startLoneTask } from '../temporal/starts.js';
import { unlessNotFound } from '../temporal/workflow-gateway.js';
import { given } from '../validation/given.js';
import type { ListQuery } from '../validation/list.dto.js';
import type { AddTaskDto, CreateTaskDto, ListTasksQuery, PatchTaskDto } from './task.dto.js';
import { type NewTask, TaskRepository, type TaskRow } from './task.repository.js';
import { type TaskPage, type TaskResponse, toTaskResponse } from './task.response.js';

const DEFAULT_PRIORITY = 3;

@Injectable()
export class TaskService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    @Inject(SETTINGS) private readonly settings: ApiRuntimeSettings,
    private readonly tasks: TaskRepository,
    private readonly epics: EpicRepository,
    private readonly projects: ProjectRepository,
    private readonly controls: Controls,
  ) {}

  /** A lone task: accepted at commit, as an epic is. */
  async create(dto: CreateTaskDto, caller: Caller): Promise<TaskResponse> {
    await this.requireAgent(dto.agent);
    return withTransaction(this.pools.writes, async (tx) => {
      const project = await this.projects.get(dto.projectId, caller.scope, tx);
      requireReady(project);
      const owner = { projectId: project.id, epicId: null, targetBranch: project.baseBranch };
      const row = await this.tasks.insert(tx, newTask(dto, owner, caller));
      await startLoneTask(tx, row, this.settings.tuning);
      const answer = this.respond(row);
      await recordAnswer(tx, caller, 201, answer);
      await recordCreated(tx, caller, row);
      return answer;
    });
  }

  /** Adds a task to an epic that is under way; the epic schedules it, or refuses. */
  async add(epicId: string, dto: AddTaskDto, caller: Caller): Promise<TaskResponse> {
    await this.requireAgent(dto.agent);
    const { epic, row } = await withTransaction(this.pools.writes, async (tx) => {
      const locked = await this.epics.lock(tx, epicId, caller.scope);
      if (isTerminal(EPIC_MACHINE, locked.state)) throw notOpen('epic', true);
      const owner = { projectId: locked.projectId, epicId, targetBranch: null };
      const task = newTask({ ...dto, priority: dto.priority ?? locked.priority }, owner, caller);
      return { epic: locked, row: await this.tasks.insert(tx, task) };
    });
    try {
      await this.tellEpic(epic, row, caller);
    } catch (error) {
      await this.tasks.remove(row.id);
      throw error;
    }
    await withTransaction(this.pools.writes, async (tx) => {
      await recordAnswer(tx, caller, 201, this.respond(row));
      await recordCreated(tx, caller, row);
    });
    return this.respond(row);
  }

  async list(query: ListTasksQuery, caller: Caller): Promise<TaskPage> {
    const { limit, projectId, epicId, state } = query;
    const question = { list: 'tasks', filters: { projectId, epicId, state } };
    const before = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.tasks.list({
      scope: caller.scope,
      projectId: projectId ?? null,
      epicId: epicId ?? null,
      state: state ?? null,
      before,
      limit: limit + 1,
    });
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: (row) => this.respond(row) });
  }

  async listOfEpic(epicId: string, query: ListQuery, caller: Caller): Promise<TaskPage> {
    await this.epics.get(epicId, caller.scope);
    const { limit } = query;
    const question = { list: 'epic-tasks', filters: { epicId } };
    const after = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.tasks.listOfEpic(epicId, after, limit + 1);
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: (row) => this.respond(row) });
  }

  async get(id: string, caller: Caller): Promise<TaskResponse> {
    return this.respond(await this.tasks.get(id, caller.scope));
  }

  /** Words can change until somebody works by them. */
  async patch(id: string, dto: PatchTaskDto, caller: Caller, expected?: RowVersion): Promise<TaskResponse> {
    return withTransaction(this.pools.writes, async (tx) => {
      const before = await this.tasks.lock(tx, id, caller.scope);
      checkVersion(before, expected);
      if (before.state !== 'PENDING') {
        throw new Failure('InvalidState', `The task is ${before.state}: it can be changed while it is PENDING.`);
      }
      const row = await this.tasks.change(tx, id, { ...before, ...given(dto) });
      await recordHumanAct(tx, caller, {
        ...subjectOf(row),
        what: 'task.changed',
        object: taskWorkflowId(id),
        title: `Task changed: ${Object.keys(given(dto)).join(', ')}`,
        before,
        after: row,
        event: { type: 'task.changed', data: { title: row.title } },
      });
      return this.respond(row);
    });
  }

  respond(row: TaskRow, view?: ControlView): TaskResponse {
    return toTaskResponse(row, temporalLink(this.settings, taskWorkflowId(row.id)), view);
  }

  private async tellEpic(epic: EpicRow, row: TaskRow, caller: Caller): Promise<void> {
    const told = this.controls.send(
      {
        update: epicAddTaskUpdate,
        workflowId: epicWorkflowId(epic.id),
        fields: { taskId: row.id },
        what: 'epic.addTask',
        title: `Task added: ${row.title}`,
        subject: subjectOf(row),
      },
      // Its own update id: the row of a repeat is another one.
      { caller: { ...caller, idempotencyKey: undefined } },
    );
    if ((await unlessNotFound(told)) === undefined) throw notOpen('epic', false);
  }

  private async requireAgent(name: string | undefined): Promise<void> {
    if (name === undefined || (await this.projects.agentNames()).has(name)) return;
    throw new Failure('InvalidInput', `There is no agent named ${name}.`, { field: 'agent' });
  }
}

export const subjectOf = (
  row: TaskRow,
): { readonly projectId: string; readonly taskId: string; readonly epicId?: string } => ({
  projectId: row.projectId,
  taskId: row.id,
  ...(row.epicId === null ? {} : { epicId: row.epicId }),
});

const newTask = (
  dto: AddTaskDto,
  owner: Pick<NewTask, 'projectId' | 'epicId' | 'targetBranch'>,
  caller: Caller,
): NewTask => {
  const id = uuidv7();
  return {
    ...owner,
    id,
    title: dto.title,
    description: dto.description ?? '',
    priority: dto.priority ?? DEFAULT_PRIORITY,
    agent: dto.agent ?? null,
    acceptance: dto.acceptance ?? [],
    predictedFiles: dto.predictedFiles ?? [],
    branch: taskBranch(dto.title, id),
    createdBy: caller.by,
  };
};

const recordCreated = (tx: Tx, caller: Caller, row: TaskRow): Promise<void> =>
  recordHumanAct(tx, caller, {
    ...subjectOf(row),
    what: 'task.created',
    object: taskWorkflowId(row.id),
    title: `Task created: ${row.title}`,
    after: row,
    event: { type: 'task.created', data: { title: row.title, state: row.state, kind: row.kind } },
  });
