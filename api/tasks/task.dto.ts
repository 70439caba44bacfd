import { AGENT_NAME } from '../../domain/project-config/nodes.js';
import { Line, Markdown, OneOf, Text, Texts, Uuid, Whole } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

const DESCRIPTION_BYTES = 100_000;
const STATES = [
  'PENDING',
  'ASSIGNED',
  'IN_PROGRESS',
  'REVIEW',
  'BLOCKED',
  'COMPLETED',
  'FAILED',
  'SKIPPED',
  'CANCELLED',
] as const;

/** A task of an epic that is under way. */
export class AddTaskDto {
  @Line({ max: 200 })
  readonly title!: string;

  @Markdown({ maxBytes: DESCRIPTION_BYTES, optional: true, description: 'All that the worker needs to know.' })
  readonly description?: string;

  @Whole({ min: 1, max: 5, optional: true, description: "1 goes first; the epic's when absent, else 3." })
  readonly priority?: number;

  @Text({
    max: 40,
    pattern: AGENT_NAME,
    optional: true,
    description: "Who works on it; the project's worker when absent.",
  })
  readonly agent?: string;

  @Texts({ maxItems: 100, max: 1000, optional: true, description: 'Commands or statements, true when it is done.' })
  readonly acceptance?: readonly string[];

  @Texts({ maxItems: 100, max: 300, optional: true, description: 'Files that will probably change.' })
  readonly predictedFiles?: readonly string[];
}

/** A task of its own: no epic, no plan; it lands on the base branch. */
export class CreateTaskDto extends AddTaskDto {
  @Uuid()
  readonly projectId!: string;
}

export class PatchTaskDto {
  @Line({ max: 200, optional: true })
  readonly title?: string;

  @Markdown({ maxBytes: DESCRIPTION_BYTES, optional: true })
  readonly description?: string;

  @Whole({ min: 1, max: 5, optional: true })
  readonly priority?: number;

  @Texts({ maxItems: 100, max: 1000, optional: true })
  readonly acceptance?: readonly string[];
}

export class ListTasksQuery extends ListQuery {
  @Uuid({ optional: true })
  readonly projectId?: string;

  @Uuid({ optional: true })
  readonly epicId?: string;

  @OneOf(STATES, { optional: true })
  readonly state?: string;
}
