import { ApiProperty } from '@nestjs/swagger';
import { caveatsOf } from '../../domain/project-config/caveats.js';
import type { ControlView } from '../../workflows/contract/messages.js';
import type { TaskRow } from './task.repository.js';
import { waitingWords } from './waiting.js';

export class TaskLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String, nullable: true }) readonly epic!: string | null;
  @ApiProperty({ type: String }) readonly diff!: string;
  @ApiProperty({ type: String }) readonly logs!: string;
  @ApiProperty({ type: String }) readonly runs!: string;
  @ApiProperty({ type: String, nullable: true, description: "The workflow's page in the Temporal Web UI." })
  readonly temporal!: string | null;
}

export class TaskResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly epicId!: string | null;
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String, nullable: true }) readonly planKey!: string | null;
  @ApiProperty({ type: String }) readonly title!: string;
  @ApiProperty({ type: String }) readonly description!: string;
  @ApiProperty({ type: String }) readonly kind!: string;
  @ApiProperty({ type: String }) readonly state!: string;
  @ApiProperty({ type: Number }) readonly priority!: number;
  @ApiProperty({ type: [String] }) readonly capabilities!: readonly string[];
  @ApiProperty({ type: [String] }) readonly technologies!: readonly string[];
  @ApiProperty({ type: [String] }) readonly predictedFiles!: readonly string[];
  @ApiProperty({ type: [String] }) readonly acceptance!: readonly string[];
  @ApiProperty({ type: Object, nullable: true, description: 'Hours: optimistic, likely, pessimistic; confidence' })
  readonly estimate!: object | null;
  @ApiProperty({ type: String, nullable: true, description: 'Agent that was asked for.' })
  readonly agent!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Agent that works on it.' })
  readonly assignedAgent!: string | null;
  @ApiProperty({ type: Number }) readonly attempts!: number;
  @ApiProperty({ type: String }) readonly branch!: string;
  @ApiProperty({ type: String, nullable: true }) readonly targetBranch!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly baseSha!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly headSha!: string | null;
  @ApiProperty({ type: Number, nullable: true }) readonly prNumber!: number | null;
  @ApiProperty({ type: String, nullable: true }) readonly prUrl!: string | null;
  @ApiProperty({ type: [String], description: 'Who holds it: person, parent, factory, budget. Empty: it goes on.' })
  readonly pausedBy!: readonly string[];
  @ApiProperty({ type: String, nullable: true }) readonly failureReason!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly blockedReason!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'In plain words: for what and for whom it waits.' })
  readonly waitingFor!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly summary!: string | null;
  @ApiProperty({ type: String }) readonly createdBy!: string;
  @ApiProperty({ type: Number }) readonly version!: number;
  @ApiProperty({ type: Number }) readonly revision!: number;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly startedAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly completedAt!: string | null;
  @ApiProperty({ type: [String], description: 'What an admin switched off for the project, in sentences.' })
  readonly caveats!: readonly string[];
  @ApiProperty({ type: TaskLinks }) readonly links!: TaskLinks;
}

export class TaskPage {
  @ApiProperty({ type: [TaskResponse] }) readonly items!: readonly TaskResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

/** @param view of the task's own workflow after an update: the projection may be a moment behind it */
export const toTaskResponse = (
  { assignedAgentId: _, waitingFor, asked, behind, awaited, overrides, ...row }: TaskRow,
  temporal: string | null,
  view?: ControlView,
): TaskResponse => ({
  ...row,
  state: view?.state ?? row.state,
  pausedBy: view?.pausedBy ?? row.pausedBy,
  blockedReason: view === undefined || view.state === 'BLOCKED' ? row.blockedReason : null,
  waitingFor: view === undefined ? waitingWords({ waitingFor, asked, behind, awaited }) : (view.waitingFor ?? null),
  revision: view?.revision ?? row.revision,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  completedAt: row.completedAt?.toISOString() ?? null,
  caveats: caveatsOf(overrides),
  links: {
    self: `/api/v1/tasks/${row.id}`,
    epic: row.epicId === null ? null : `/api/v1/epics/${row.epicId}`,
    diff: `/api/v1/tasks/${row.id}/diff`,
    logs: `/api/v1/tasks/${row.id}/logs`,
    runs: `/api/v1/runs?taskId=${row.id}`,
    temporal,
  },
});
