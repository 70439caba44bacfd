import { OneOf, Uuid } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

const KINDS = [
  'decision',
  'transition',
  'verdict',
  'recovery',
  'human',
  'tool_use',
  'tool_result',
  'tool_error',
] as const;

export class ListDecisionsQuery extends ListQuery {
  @Uuid({ optional: true })
  readonly projectId?: string;

  @Uuid({ optional: true })
  readonly epicId?: string;

  @Uuid({ optional: true })
  readonly taskId?: string;

  @Uuid({ optional: true })
  readonly runId?: string;

  @OneOf(KINDS, { optional: true })
  readonly kind?: string;
}
