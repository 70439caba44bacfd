import {
  JsonList,
  JsonObject,
  Line,
  Markdown,
  Nested,
  OneOf,
  Only,
  Text,
  Uuid,
  Whole,
  WholeQuery,
} from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

const DESCRIPTION_BYTES = 100_000;

export class ReviewDto {
  @Only(0, { optional: true })
  readonly required?: 0;
}

/** What is not said of policies holds as the project's configuration says. */
export class CreateEpicDto {
  @Uuid()
  readonly projectId!: string;

  @Line({ max: 200 })
  readonly title!: string;

  @Markdown({ maxBytes: DESCRIPTION_BYTES, optional: true })
  readonly description?: string;

  @Whole({ min: 1, max: 5, optional: true, description: '1 goes first; 3 when absent.' })
  readonly priority?: number;

  @Whole({ min: 10_000, max: 100_000_000_000, optional: true, description: 'Millionths of a dollar.' })
  readonly budgetMicroUsd?: number;

  @OneOf(['none', 'plan', 'all'], { optional: true, description: 'What waits for a person.' })
  readonly approval?: 'none' | 'plan' | 'all';

  @OneOf(['epic', 'base'], { optional: true, description: 'Branch that tasks land on.' })
  readonly mergeTarget?: 'epic' | 'base';

  @OneOf(['person', 'auto'], { optional: true, description: "Who lands the epic's pull request." })
  readonly land?: 'person' | 'auto';

  @OneOf(['serialise', 'allow'], { optional: true, description: 'Tasks that will edit the same files.' })
  readonly overlap?: 'serialise' | 'allow';

  @OneOf(['model', 'given'], {
    optional: true,
    later: ['heuristic'],
    description: 'given: the epic waits for PUT /epics/:id/plan.',
  })
  readonly planner?: 'model' | 'given';

  @Whole({ min: 1, max: 100, optional: true })
  readonly maxParallelTasks?: number;

  @Nested(() => ReviewDto, { optional: true })
  readonly review?: ReviewDto;

  @JsonObject({ optional: true, description: 'A plan to follow instead of making one: {design?, tasks: […]}.' })
  readonly plan?: object;
}

export class PatchEpicDto {
  @Line({ max: 200, optional: true })
  readonly title?: string;

  @Markdown({ maxBytes: DESCRIPTION_BYTES, optional: true })
  readonly description?: string;

  @Whole({ min: 10_000, max: 100_000_000_000, optional: true, description: 'Millionths of a dollar.' })
  readonly budgetMicroUsd?: number;
}

export class ListEpicsQuery extends ListQuery {
  @Uuid({ optional: true })
  readonly projectId?: string;

  @OneOf(['PLANNING', 'IN_PROGRESS', 'BLOCKED', 'COMPLETED', 'CANCELLED'], { optional: true })
  readonly state?: string;
}

export class PutPlanDto {
  @Text({ min: 0, max: 100_000, optional: true, description: 'The approach, in Markdown.' })
  readonly design?: string;

  // The rules of a plan are those of the planner's own answer; the service reads it by them.
  @JsonList({ maxItems: 1000, description: 'List of tasks: key, title, description, dependsOn, …' })
  readonly tasks!: readonly object[];
}

export class GetPlanQuery {
  @WholeQuery({ min: 1, max: 1_000_000, description: 'The newest when absent.' })
  readonly version?: number;
}

export class ApprovePlanDto {
  @Whole({ min: 1, max: 1_000_000, optional: true, description: 'The version you read; the newest when absent.' })
  readonly planVersion?: number;

  @Text({ max: 500, optional: true })
  readonly reason?: string;
}
