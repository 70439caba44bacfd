import { RUN_KINDS, RUN_MACHINE } from '../../domain/states.js';
import { OneOf, Uuid, WholeQuery } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

export class ListRunsQuery extends ListQuery {
  @Uuid({ optional: true })
  readonly taskId?: string;

  @Uuid({ optional: true })
  readonly epicId?: string;

  @Uuid({ optional: true })
  readonly agentId?: string;

  @OneOf(Object.keys(RUN_MACHINE), { optional: true })
  readonly state?: string;

  @OneOf(RUN_KINDS, { optional: true })
  readonly kind?: string;
}

export class TranscriptQuery extends ListQuery {
  @WholeQuery({ min: 1, max: 50, description: 'Turns a page; 20 when absent.' })
  override readonly limit: number = 20;
}
