import { Inject, Injectable } from '@nestjs/common';
import type { UpdateDefinition } from '@temporalio/common';
import { Failure } from '../../domain/failures.js';
import { isTerminal, RUN_MACHINE } from '../../domain/states.js';
import type { BlobStore } from '../../infra/artifacts.js';
import { runStopUpdate } from '../../workflows/contract/agent-run.js';
import { runWorkflowId } from '../../workflows/contract/ids.js';
import { type ControlCommand, type ControlView, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import type { Caller } from '../auth/caller.js';
import { type ApiRuntimeSettings, BLOBS, SETTINGS } from '../dependencies.js';
import { openCursor, toPage } from '../http/cursor.js';
import { type Asked, Controls, notOpen } from '../temporal/controls.js';
import { temporalLink } from '../temporal/links.js';
import { unlessNotFound } from '../temporal/workflow-gateway.js';
import type { ListRunsQuery, TranscriptQuery } from './run.dto.js';
import { RunRepository, type RunRow, type TurnRow } from './run.repository.js';
import {
  RUN_VERSION,
  type RunPage,
  type RunResponse,
  type TranscriptPage,
  type TurnResponse,
  toRunResponse,
  toTurnResponse,
} from './run.response.js';

const CONTROLS: Readonly<
  Record<'pause' | 'resume' | 'stop', { update: UpdateDefinition<ControlView, [ControlCommand]>; title: string }>
> = {
  pause: { update: pauseUpdate, title: 'Run paused' },
  resume: { update: resumeUpdate, title: 'Run resumed' },
  stop: { update: runStopUpdate, title: 'Run stopped' },
};

@Injectable()
export class RunService {
  constructor(
    @Inject(SETTINGS) private readonly settings: ApiRuntimeSettings,
    @Inject(BLOBS) private readonly blobs: BlobStore,
    private readonly runs: RunRepository,
    private readonly controls: Controls,
  ) {}

  async list(query: ListRunsQuery, caller: Caller): Promise<RunPage> {
    const { limit, taskId, epicId, agentId, state, kind } = query;
    const question = { list: 'runs', filters: { taskId, epicId, agentId, state, kind } };
    const before = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.runs.list({
      scope: caller.scope,
      taskId: taskId ?? null,
      epicId: epicId ?? null,
      agentId: agentId ?? null,
      state: state ?? null,
      kind: kind ?? null,
      before,
      limit: limit + 1,
    });
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem: (row) => this.respond(row) });
  }

  async get(id: string, caller: Caller): Promise<RunResponse> {
    return this.respond(await this.runs.get(id, caller.scope));
  }

  async transcript(id: string, query: TranscriptQuery, caller: Caller): Promise<TranscriptPage> {
    const { promptRef } = await this.runs.get(id, caller.scope);
    const { limit } = query;
    const question = { list: 'transcript', filters: { id } };
    const after = openCursor(caller, question, query.cursor);
    const rows = await this.runs.turns(id, after === undefined ? -1 : Number(after), limit + 1);
    const turns = new Map<number, TurnResponse>();
    for (const row of rows.slice(0, limit)) turns.set(row.seq, await this.readTurn(row));
    const page = toPage({
      rows,
      limit,
      question,
      caller,
      positionOf: ({ seq }) => String(seq),
      toItem: ({ seq }) => seq,
    });
    return {
      prompt: after === undefined ? await this.readText(promptRef) : null,
      items: page.items.flatMap((seq) => turns.get(seq) ?? []),
      nextCursor: page.nextCursor,
    };
  }

  async control(verb: keyof typeof CONTROLS, id: string, asked: Asked): Promise<RunResponse> {
    const row = await this.runs.get(id, asked.caller.scope);
    const { update, title } = CONTROLS[verb];
    const view = await unlessNotFound(
      this.controls.send(
        {
          update,
          title,
          workflowId: runWorkflowId(id),
          fields: {},
          what: `run.${verb}`,
          subject: {
            projectId: row.projectId,
            runId: id,
            ...(row.taskId === null ? {} : { taskId: row.taskId }),
            ...(row.epicId === null ? {} : { epicId: row.epicId }),
          },
          row: { version: RUN_VERSION, revision: row.revision },
        },
        asked,
      ),
    );
    if (view === undefined) throw notOpen('run', isTerminal(RUN_MACHINE, row.state));
    return this.respond(row, view);
  }

  private respond(row: RunRow, view?: ControlView): RunResponse {
    return toRunResponse(row, temporalLink(this.settings, runWorkflowId(row.id)), view);
  }

  private async readTurn(row: TurnRow): Promise<TurnResponse> {
    const [request, response, results] = await Promise.all([
      this.readText(row.requestRef),
      this.readText(row.responseRef),
      this.readText(row.resultsRef),
    ]);
    return toTurnResponse(row, { request, response, results });
  }

  /** Null also for a text that was swept after its time. */
  private async readText(ref: string | null): Promise<string | null> {
    if (ref === null) return null;
    try {
      return await this.blobs.get(ref);
    } catch (error) {
      if (error instanceof Failure && error.type === 'NotFound') return null;
      throw error;
    }
  }
}
