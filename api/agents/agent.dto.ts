import { OneOf } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

export class ListAgentsQuery extends ListQuery {
  @OneOf(['orchestrator', 'supervisor', 'worker', 'reviewer', 'droid'], { optional: true })
  readonly role?: string;
}
