import { Flag, OneOf, Text, Uuid, Whole } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

export class ListQueuesQuery extends ListQuery {
  @Uuid({ optional: true })
  readonly projectId?: string;
}

export class ListEntriesQuery extends ListQuery {
  @OneOf(['queued', 'active', 'rebasing', 'landed', 'ejected', 'withdrawn'], { optional: true })
  readonly state?: string;
}

export class PauseLaneDto {
  @OneOf(['pause', 'drain'], { optional: true, description: 'pause (default): nothing lands. drain: no new entries.' })
  readonly mode?: 'pause' | 'drain';

  @Text({ max: 500, description: 'Shown to everybody who waits.' })
  readonly reason!: string;
}

export class ReprioritiseDto {
  @Whole({ min: 0, max: 2, description: '0 low, 1 normal, 2 urgent' })
  readonly priority!: 0 | 1 | 2;

  @Flag({ optional: true, description: 'It may land while the base is red (admin keys only).' })
  readonly fixesBase?: boolean;

  @Text({ max: 500 })
  readonly reason!: string;
}
