import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { QueueView } from '../../domain/merge/view-model.js';
import { queueWorkflowId } from '../../workflows/contract/ids.js';
import {
  mergeQueueEntriesQuery,
  mergeQueueOpenLaneUpdate,
  mergeQueuePauseLaneUpdate,
  mergeQueueReprioritiseUpdate,
  mergeQueueWhyQuery,
  mergeQueueWithdrawUpdate,
} from '../../workflows/contract/merge-queue.js';
import { mergeQueueStart } from '../../workflows/contract/starts.js';
import type { Caller } from '../auth/caller.js';
import { type ApiRuntimeSettings, SETTINGS } from '../dependencies.js';
import { openCursor, toPage } from '../http/cursor.js';
import { requestId } from '../http/idempotency-key.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { type Asked, Controls } from '../temporal/controls.js';
import { temporalLink } from '../temporal/links.js';
import { type UpdateCall, unlessNotFound, WorkflowGateway } from '../temporal/workflow-gateway.js';
import type { ListEntriesQuery, ListQueuesQuery, PauseLaneDto, ReprioritiseDto } from './queue.dto.js';
import { type EntryRow, QueueRepository } from './queue.repository.js';
import {
  type EntryPage,
  type EntryResponse,
  type LiveQueueResponse,
  type QueueName,
  type QueuePage,
  toEndedWhyResponse,
  toEntryResponse,
  toLiveQueueResponse,
  toQueueResponse,
  toRestingQueueResponse,
  toWhyResponse,
  type WhyResponse,
} from './queue.response.js';

/** What is written down of a command to a queue. */
interface Words {
  readonly verb: string;
  readonly title: string;
  readonly entry?: EntryRow;
}

@Injectable()
export class QueueService {
  constructor(
    @Inject(SETTINGS) private readonly settings: ApiRuntimeSettings,
    private readonly workflows: WorkflowGateway,
    private readonly controls: Controls,
    private readonly queues: QueueRepository,
    private readonly projects: ProjectRepository,
  ) {}

  async list(query: ListQueuesQuery, caller: Caller): Promise<QueuePage> {
    const { limit, projectId } = query;
    const question = { list: 'queues', filters: { projectId } };
    const after = readPosition(openCursor(caller, question, query.cursor));
    const rows = await this.queues.lanes({
      scope: caller.scope,
      projectId: projectId ?? null,
      after,
      limit: limit + 1,
    });
    return toPage({
      rows,
      limit,
      question,
      caller,
      positionOf: (row) => `${row.projectId} ${row.branch}`,
      toItem: (row) => toQueueResponse(row, this.linkOf(row)),
    });
  }

  /** As its workflow sees it now; a queue that rests has no workflow, and its row says all there is. */
  async get(name: QueueName, caller: Caller): Promise<LiveQueueResponse> {
    await this.requireTarget(name, caller);
    const id = queueWorkflowId(name.projectId, name.branch);
    const lane = await this.queues.findLane(name.projectId, name.branch);
    const view = await unlessNotFound(this.workflows.query(id, mergeQueueEntriesQuery));
    if (view !== undefined && (lane === undefined || !isOver(view))) return this.respond(name, view);
    if (lane === undefined)
      throw new Failure('NotFound', 'There is no such queue yet: it begins with its first entry.');
    return toRestingQueueResponse(lane, this.linkOf(name));
  }

  async entries(name: QueueName, query: ListEntriesQuery, caller: Caller): Promise<EntryPage> {
    await this.requireTarget(name, caller);
    const { limit, state } = query;
    const question = { list: 'entries', filters: { ...name, state } };
    const before = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.queues.entries({ ...name, state: state ?? null, before, limit: limit + 1 });
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: toEntryResponse });
  }

  async entry(id: string, caller: Caller): Promise<EntryResponse> {
    return toEntryResponse(await this.queues.entry(id, caller.scope));
  }

  /** Exactly one primary reason why the entry has not landed yet. */
  async why(id: string, caller: Caller): Promise<WhyResponse> {
    const row = await this.queues.entry(id, caller.scope);
    const workflowId = queueWorkflowId(row.projectId, row.branch);
    const why = await unlessNotFound(this.workflows.query(workflowId, mergeQueueWhyQuery, id));
    return why === undefined || why === null ? toEndedWhyResponse(row) : toWhyResponse(why);
  }

  /** Starts the queue when it rests, so that a pause holds for the entries to come. */
  async pause(name: QueueName, dto: PauseLaneDto, caller: Caller): Promise<LiveQueueResponse> {
    await this.requireTarget(name, caller);
    // A queue whose branch is not there ends at once, and would forget the pause.
    if (await this.queues.isToCome(name.projectId, name.branch)) {
      throw new Failure('InvalidState', 'The epic is still being planned and nothing lands yet: pause the epic.');
    }
    const mode = dto.mode ?? 'pause';
    const view = await this.workflows.updateWithStart(
      {
        update: mergeQueuePauseLaneUpdate,
        command: { mode, by: caller.by, reason: dto.reason },
        updateId: requestId(caller, `queue.${mode} ${name.projectId} ${name.branch}`),
      },
      mergeQueueStart(name.projectId, name.branch, this.settings.tuning),
    );
    const title = `Queue of ${name.branch} ${mode === 'drain' ? 'drained' : 'paused'}`;
    return this.finish(name, view, { verb: mode, title }, { caller, reason: dto.reason });
  }

  async open(name: QueueName, asked: Asked): Promise<LiveQueueResponse> {
    const { caller, reason } = asked;
    await this.requireTarget(name, caller);
    const call = { update: mergeQueueOpenLaneUpdate, command: { by: caller.by, ...(reason ? { reason } : {}) } };
    return this.send(name, call, { verb: 'open', title: `Queue of ${name.branch} opened` }, asked);
  }

  async withdraw(id: string, asked: Asked): Promise<LiveQueueResponse> {
    const { caller, reason } = asked;
    const entry = await this.queues.entry(id, caller.scope);
    const command = { entryId: id, by: caller.by, ...(reason ? { reason } : {}) };
    const words = { verb: 'withdraw', title: `Entry #${entry.prNumber} withdrawn`, entry };
    return this.send(entry, { update: mergeQueueWithdrawUpdate, command }, words, asked);
  }

  async reprioritise(id: string, dto: ReprioritiseDto, caller: Caller): Promise<LiveQueueResponse> {
    const { priority, fixesBase, reason } = dto;
    if (fixesBase !== undefined && caller.role !== 'admin') {
      throw new Failure('PermissionDenied', 'fixesBase needs an admin key: it lets an entry land on a red base.');
    }
    const entry = await this.queues.entry(id, caller.scope);
    const command = { entryId: id, priority, reason, by: caller.by, ...(fixesBase === undefined ? {} : { fixesBase }) };
    const words = { verb: 'reprioritise', title: `Entry #${entry.prNumber} set to priority ${priority}`, entry };
    return this.send(entry, { update: mergeQueueReprioritiseUpdate, command }, words, { caller, reason });
  }

  private async send<Command>(
    name: QueueName,
    call: Pick<UpdateCall<QueueView, Command>, 'update' | 'command'>,
    words: Words,
    asked: Asked,
  ): Promise<LiveQueueResponse> {
    const workflowId = queueWorkflowId(name.projectId, name.branch);
    const updateId = requestId(asked.caller, `queue.${words.verb} ${words.entry?.id ?? workflowId}`);
    const view = await unlessNotFound(this.workflows.update({ ...call, workflowId, updateId }));
    if (view === undefined) throw new Failure('InvalidState', 'The queue rests: nothing waits in it.');
    return this.finish(name, view, words, asked);
  }

  private async finish(name: QueueName, view: QueueView, words: Words, asked: Asked): Promise<LiveQueueResponse> {
    const { taskId, epicId } = words.entry ?? { taskId: null, epicId: null };
    await this.controls.writeDown(
      {
        what: `queue.${words.verb}`,
        workflowId: queueWorkflowId(name.projectId, name.branch),
        title: words.title,
        subject: {
          projectId: name.projectId,
          ...(taskId === null ? {} : { taskId }),
          ...(epicId === null ? {} : { epicId }),
        },
      },
      asked,
    );
    return this.respond(name, view);
  }

  private async requireTarget({ projectId, branch }: QueueName, caller: Caller): Promise<void> {
    await this.projects.get(projectId, caller.scope);
    if (await this.queues.isTarget(projectId, branch)) return;
    throw new Failure('NotFound', 'Nothing lands on a branch of this name.', { branch });
  }

  private respond({ projectId, branch }: QueueName, view: QueueView): LiveQueueResponse {
    return toLiveQueueResponse({ projectId, branch }, view, this.linkOf({ projectId, branch }));
  }

  private linkOf({ projectId, branch }: QueueName): string | null {
    return temporalLink(this.settings, queueWorkflowId(projectId, branch));
  }
}

/** A query also answers for a workflow that has ended; it then shows nothing alive. */
const isOver = (view: QueueView): boolean => view.entries.length === 0 && view.lane.mode === 'open';

const readPosition = (position: string | undefined): { readonly projectId: string; readonly branch: string } | null => {
  if (position === undefined) return null;
  const space = position.indexOf(' ');
  return { projectId: position.slice(0, space), branch: position.slice(space + 1) };
};
