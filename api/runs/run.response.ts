import { ApiProperty } from '@nestjs/swagger';
import { caveatsOf } from '../../domain/project-config/caveats.js';
import type { ControlView } from '../../workflows/contract/messages.js';
import type { RunRow, TurnRow } from './run.repository.js';

export class RunUsage {
  @ApiProperty({ type: Number }) readonly turns!: number;
  @ApiProperty({ type: Number }) readonly inputTokens!: number;
  @ApiProperty({ type: Number }) readonly cachedTokens!: number;
  @ApiProperty({ type: Number }) readonly outputTokens!: number;
  @ApiProperty({ type: Number }) readonly costMicroUsd!: number;
}

export class RunLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String }) readonly transcript!: string;
  @ApiProperty({ type: String }) readonly events!: string;
  @ApiProperty({ type: String, nullable: true, description: "The workflow's page in the Temporal Web UI." })
  readonly temporal!: string | null;
}

export class RunResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String, format: 'uuid' }) readonly agentId!: string;
  @ApiProperty({ type: String }) readonly agent!: string;
  @ApiProperty({ type: String, enum: ['anthropic', 'command'] }) readonly backend!: string;
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly taskId!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly epicId!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly parentRunId!: string | null;
  @ApiProperty({ type: String }) readonly kind!: string;
  @ApiProperty({ type: String }) readonly state!: string;
  @ApiProperty({ type: [String] }) readonly pausedBy!: readonly string[];
  @ApiProperty({ type: Number }) readonly attempt!: number;
  @ApiProperty({ type: Number }) readonly round!: number;
  @ApiProperty({ type: String, nullable: true }) readonly model!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly hostQueue!: string | null;
  @ApiProperty({ type: RunUsage }) readonly usage!: RunUsage;
  @ApiProperty({ type: String, nullable: true }) readonly outcome!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly error!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly summary!: string | null;
  @ApiProperty({ type: Number }) readonly version!: number;
  @ApiProperty({ type: Number }) readonly revision!: number;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly startedAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly endedAt!: string | null;
  @ApiProperty({ type: [String], description: 'What an admin switched off for the project, in sentences.' })
  readonly caveats!: readonly string[];
  @ApiProperty({ type: RunLinks }) readonly links!: RunLinks;
}

export class RunPage {
  @ApiProperty({ type: [RunResponse] }) readonly items!: readonly RunResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

/** Nobody edits a run's content, so its version never changes. */
export const RUN_VERSION = 1;

export const toRunResponse = (
  { promptRef: _, overrides, turns, inputTokens, cachedTokens, outputTokens, costMicroUsd, ...row }: RunRow,
  temporal: string | null,
  view?: ControlView,
): RunResponse => ({
  ...row,
  state: view?.state ?? row.state,
  pausedBy: view?.pausedBy ?? row.pausedBy,
  usage: { turns, inputTokens, cachedTokens, outputTokens, costMicroUsd },
  version: RUN_VERSION,
  revision: view?.revision ?? row.revision,
  createdAt: row.createdAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
  caveats: caveatsOf(overrides),
  links: {
    self: `/api/v1/runs/${row.id}`,
    transcript: `/api/v1/runs/${row.id}/transcript`,
    events: `/api/v1/runs/${row.id}/events`,
    temporal,
  },
});

export class TurnResponse {
  @ApiProperty({ type: Number }) readonly seq!: number;
  @ApiProperty({ description: 'What the turn added for the agent: content blocks.', type: Object, nullable: true })
  readonly request!: unknown;
  @ApiProperty({ description: 'What the agent answered: content blocks.', type: Object, nullable: true })
  readonly response!: unknown;
  @ApiProperty({ description: 'Answers to its tool calls: content blocks.', type: Object, nullable: true })
  readonly results!: unknown;
  @ApiProperty({ type: String, nullable: true }) readonly stopReason!: string | null;
  @ApiProperty({ type: Object }) readonly usage!: object;
  @ApiProperty({ type: [Object] }) readonly toolCalls!: readonly object[];
  @ApiProperty({ type: String, nullable: true }) readonly checkpointSha!: string | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly sealedAt!: string | null;
}

export class TranscriptPage {
  @ApiProperty({ type: String, nullable: true, description: 'What the run was started with; on the first page only.' })
  readonly prompt!: string | null;
  @ApiProperty({ type: [TurnResponse] }) readonly items!: readonly TurnResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export interface TurnTexts {
  readonly request: string | null;
  readonly response: string | null;
  readonly results: string | null;
}

export const toTurnResponse = (
  { requestRef: _1, responseRef: _2, resultsRef: _3, ...row }: TurnRow,
  texts: TurnTexts,
): TurnResponse => ({
  ...row,
  request: blocks(texts.request),
  response: blocks(texts.response),
  results: blocks(texts.results),
  createdAt: row.createdAt.toISOString(),
  sealedAt: row.sealedAt?.toISOString() ?? null,
});

/** Model runs keep JSON, programs plain text. */
const blocks = (text: string | null): unknown => {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
