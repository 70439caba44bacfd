import { KEY_ROLES } from '../auth/caller.js';
import { FlagQuery, Line, Moment, OneOf, Uuids } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

export class CreateKeyDto {
  @Line({ max: 100, description: 'What rows, mail and decisions call its holder.', example: 'ada' })
  readonly name!: string;

  @OneOf(KEY_ROLES, { description: 'Each includes what the ones before it may do.' })
  readonly role!: string;

  @Uuids({ optional: true, maxItems: 100, description: 'The only projects it may see; all when absent.' })
  readonly projects?: readonly string[];

  @Moment({ optional: true, description: 'When it stops working; never when absent.' })
  readonly expiresAt?: string;
}

export class ListKeysQuery extends ListQuery {
  @FlagQuery({ optional: true, description: 'Also keys that were revoked or have expired.' })
  readonly all?: boolean;
}
