import { ApiProperty } from '@nestjs/swagger';
import { caveatsOf } from '../../domain/project-config/caveats.js';
import type { ControlView } from '../../workflows/contract/messages.js';
import type { EpicRow } from './epic.repository.js';

export class EpicLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String }) readonly tasks!: string;
  @ApiProperty({ type: String }) readonly plan!: string;
  @ApiProperty({ type: String }) readonly events!: string;
  @ApiProperty({ type: String, nullable: true, description: "The workflow's page in the Temporal Web UI." })
  readonly temporal!: string | null;
}

export class EpicResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String }) readonly title!: string;
  @ApiProperty({ type: String }) readonly description!: string;
  @ApiProperty({ type: String, nullable: true }) readonly design!: string | null;
  @ApiProperty({ type: String, enum: ['PLANNING', 'IN_PROGRESS', 'BLOCKED', 'COMPLETED', 'CANCELLED'] })
  readonly state!: string;
  @ApiProperty({ type: String, enum: ['planning', 'awaiting_approval', 'executing', 'integrating', 'awaiting_merge'] })
  readonly phase!: string;
  @ApiProperty({ type: [String], description: 'Who holds it: person, parent, factory, budget. Empty: it goes on.' })
  readonly pausedBy!: readonly string[];
  @ApiProperty({ type: String, nullable: true }) readonly blockedReason!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'In plain words: for what and for whom it waits.' })
  readonly waitingFor!: string | null;
  @ApiProperty({ type: Number }) readonly priority!: number;
  @ApiProperty({ type: Number }) readonly budgetMicroUsd!: number;
  @ApiProperty({ type: String, enum: ['none', 'plan', 'all'] }) readonly approval!: string;
  @ApiProperty({ type: String, enum: ['epic', 'base'] }) readonly mergeTarget!: string;
  @ApiProperty({ type: String, enum: ['person', 'auto'] }) readonly land!: string;
  @ApiProperty({ type: String, enum: ['serialise', 'allow'] }) readonly overlap!: string;
  @ApiProperty({ type: String, enum: ['model', 'given'] }) readonly planner!: string;
  @ApiProperty({ type: Number }) readonly maxParallelTasks!: number;
  @ApiProperty({ type: String }) readonly branch!: string;
  @ApiProperty({ type: Number, nullable: true }) readonly planVersion!: number | null;
  @ApiProperty({ type: Number, nullable: true }) readonly prNumber!: number | null;
  @ApiProperty({ type: String, nullable: true }) readonly prUrl!: string | null;
  @ApiProperty({ type: String }) readonly createdBy!: string;
  @ApiProperty({ type: Number }) readonly version!: number;
  @ApiProperty({ type: Number }) readonly revision!: number;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly completedAt!: string | null;
  @ApiProperty({ type: [String], description: 'What an admin switched off for the project, in sentences.' })
  readonly caveats!: readonly string[];
  @ApiProperty({ type: EpicLinks }) readonly links!: EpicLinks;
}

export class EpicPage {
  @ApiProperty({ type: [EpicResponse] }) readonly items!: readonly EpicResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

/** @param view of the update just sent: the projection may be a moment behind it */
export const toEpicResponse = (row: EpicRow, temporal: string | null, view?: ControlView): EpicResponse => ({
  id: row.id,
  projectId: row.projectId,
  title: row.title,
  description: row.description,
  design: row.design,
  state: view?.state ?? row.state,
  phase: row.phase,
  pausedBy: view?.pausedBy ?? row.pausedBy,
  // Of the row, which may be a moment behind: what goes on is blocked by nothing.
  blockedReason: view === undefined || view.state === 'BLOCKED' ? row.blockedReason : null,
  waitingFor: view === undefined ? row.waitingFor : (view.waitingFor ?? null),
  priority: row.priority,
  budgetMicroUsd: row.budgetMicroUsd,
  approval: row.approval,
  mergeTarget: row.mergeTarget,
  land: row.land,
  overlap: row.overlap,
  planner: row.planner,
  maxParallelTasks: row.maxParallelTasks,
  branch: row.branch,
  planVersion: row.planVersion,
  prNumber: row.prNumber,
  prUrl: row.prUrl,
  createdBy: row.createdBy,
  version: row.version,
  revision: view?.revision ?? row.revision,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  completedAt: row.completedAt?.toISOString() ?? null,
  caveats: caveatsOf(row.overrides),
  links: {
    self: `/api/v1/epics/${row.id}`,
    tasks: `/api/v1/epics/${row.id}/tasks`,
    plan: `/api/v1/epics/${row.id}/plan`,
    events: `/api/v1/events/stream?epicId=${row.id}`,
    temporal,
  },
});
