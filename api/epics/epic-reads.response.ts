import { ApiProperty } from '@nestjs/swagger';
import { criticalPath, type GraphNode, progressOf } from '../../domain/plan/graph.js';
import { isTaskDone, type TaskState } from '../../domain/states.js';
import type { CostRow, GraphEdgeRow, GraphNodeRow, TimelineRow } from './epic-reads.repository.js';
import type { PlanRow } from './plan.repository.js';

export class PlanResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly epicId!: string;
  @ApiProperty({ type: Number, description: 'Number of this plan; `editPlan` makes the next.' })
  readonly version!: number;
  @ApiProperty({ type: String, nullable: true }) readonly design!: string | null;
  @ApiProperty({ type: [Object] }) readonly tasks!: readonly object[];
  @ApiProperty({ type: String }) readonly hash!: string;
  @ApiProperty({ type: String, enum: ['model', 'given', 'edited'] }) readonly origin!: string;
  @ApiProperty({ type: String }) readonly createdBy!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
}

export const toPlanResponse = (row: PlanRow): PlanResponse => ({
  epicId: row.epicId,
  version: row.version,
  design: row.document.design ?? null,
  tasks: row.document.tasks,
  hash: row.hash,
  origin: row.origin,
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
});

export class TimelineItem {
  @ApiProperty({ type: Number, description: 'Number in the log of the epic, without gaps.' }) readonly seq!: number;
  @ApiProperty({ type: String }) readonly type!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly at!: string;
  @ApiProperty({ type: String, nullable: true }) readonly taskId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly taskTitle!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly runId!: string | null;
  @ApiProperty({ type: Object }) readonly data!: object;
}

export class TimelinePage {
  @ApiProperty({ type: [TimelineItem] }) readonly items!: readonly TimelineItem[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const toTimelineItem = (row: TimelineRow): TimelineItem => ({ ...row, at: row.at.toISOString() });

export class GraphNodeResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly taskId!: string;
  @ApiProperty({ type: String, nullable: true }) readonly key!: string | null;
  @ApiProperty({ type: String }) readonly title!: string;
  @ApiProperty({ type: String }) readonly kind!: string;
  @ApiProperty({ type: String }) readonly state!: string;
  @ApiProperty({ type: Number, nullable: true }) readonly likelyHours!: number | null;
}

export class GraphEdgeResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly taskId!: string;
  @ApiProperty({ type: String, format: 'uuid' }) readonly dependsOnTaskId!: string;
  @ApiProperty({ type: String, enum: ['finish_to_start', 'start_to_start'] }) readonly type!: string;
  @ApiProperty({ type: Boolean }) readonly required!: boolean;
}

export class GraphResponse {
  @ApiProperty({ type: [GraphNodeResponse] }) readonly nodes!: readonly GraphNodeResponse[];
  @ApiProperty({ type: [GraphEdgeResponse] }) readonly edges!: readonly GraphEdgeResponse[];
  @ApiProperty({ type: [String], description: 'Ids of the tasks that decide how long it takes.' })
  readonly criticalPath!: readonly string[];
  @ApiProperty({ type: Object, description: '{done, total, share}' })
  readonly progress!: { readonly done: number; readonly total: number; readonly share: number };
}

export const toGraphResponse = (nodes: readonly GraphNodeRow[], edges: readonly GraphEdgeRow[]): GraphResponse => {
  const graph = nodes.map((node) => ({ ...node, dependsOn: edgesOf(edges, node.id) }));
  return {
    nodes: nodes.map(({ id, ...node }) => ({ taskId: id, ...node })),
    edges,
    criticalPath: criticalPath(graph, ({ likelyHours }) => likelyHours ?? 1).ids,
    // The column's CHECK allows task states only.
    progress: progressOf(nodes, ({ state }) => isTaskDone(state as TaskState)),
  };
};

const edgesOf = (edges: readonly GraphEdgeRow[], taskId: string): GraphNode['dependsOn'] =>
  edges
    .filter((edge) => edge.taskId === taskId)
    .map(({ dependsOnTaskId, type, required }) => ({
      on: dependsOnTaskId,
      type: type === 'start_to_start' ? 'start_to_start' : 'finish_to_start',
      required,
    }));

export class CostNumbers {
  @ApiProperty({ type: Number }) readonly calls!: number;
  @ApiProperty({ type: Number }) readonly inputTokens!: number;
  @ApiProperty({ type: Number }) readonly cacheWriteTokens!: number;
  @ApiProperty({ type: Number }) readonly cachedTokens!: number;
  @ApiProperty({ type: Number }) readonly outputTokens!: number;
  @ApiProperty({ type: Number }) readonly costMicroUsd!: number;
}

export class TaskCost extends CostNumbers {
  @ApiProperty({ type: String, nullable: true, description: 'null: planning and supervision.' })
  readonly taskId!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly taskTitle!: string | null;
  @ApiProperty({ type: [String] }) readonly models!: readonly string[];
}

/** Sums over the whole epic, then each task's. */
export class CostResponse extends CostNumbers {
  @ApiProperty({ type: Number }) readonly budgetMicroUsd!: number;
  @ApiProperty({ type: [TaskCost] }) readonly tasks!: readonly TaskCost[];
}

export const toCostResponse = (budgetMicroUsd: number, tasks: readonly CostRow[]): CostResponse => {
  const sum = (of: (row: CostRow) => number): number => tasks.reduce((total, row) => total + of(row), 0);
  return {
    budgetMicroUsd,
    calls: sum(({ calls }) => calls),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    cacheWriteTokens: sum(({ cacheWriteTokens }) => cacheWriteTokens),
    cachedTokens: sum(({ cachedTokens }) => cachedTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    costMicroUsd: sum(({ costMicroUsd }) => costMicroUsd),
    tasks,
  };
};
