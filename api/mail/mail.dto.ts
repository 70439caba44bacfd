import { FlagQuery, Line, Markdown, Nested, OneOf, Text, Uuid } from '../validation/fields.js';
import { ListQuery } from '../validation/list.dto.js';

const BODY_BYTES = 100_000;
const KINDS = [
  'message',
  'question',
  'approval',
  'escalation',
  'rebase_request',
  'review_feedback',
  'notification',
] as const;

export class ListMailQuery extends ListQuery {
  @OneOf(['human', 'agent', 'task', 'epic'], { optional: true, description: 'Whose inbox; with toId one of them.' })
  readonly toKind?: string;

  @Text({ max: 100, optional: true, description: 'Name of the person or agent, id of the task or epic.' })
  readonly toId?: string;

  @Uuid({ optional: true })
  readonly projectId?: string;

  @Uuid({ optional: true })
  readonly epicId?: string;

  @Uuid({ optional: true })
  readonly taskId?: string;

  @Uuid({ optional: true })
  readonly threadId?: string;

  @OneOf(KINDS, { optional: true })
  readonly kind?: string;

  @FlagQuery({ description: 'true: only questions without an answer.' })
  readonly waiting?: boolean;

  @FlagQuery({ description: 'true: only what nobody has read.' })
  readonly unread?: boolean;
}

export class ReplyDto {
  @Markdown({ maxBytes: BODY_BYTES })
  @Text({ max: BODY_BYTES })
  readonly body!: string;
}

export class AddresseeDto {
  @OneOf(['agent', 'task', 'epic', 'human'])
  readonly kind!: 'agent' | 'task' | 'epic' | 'human';

  @Line({ max: 100, description: 'Name of the agent or person, id of the task or epic.' })
  readonly id!: string;
}

export class SendMailDto {
  @Nested(() => AddresseeDto)
  readonly to!: AddresseeDto;

  @Uuid({ optional: true, description: 'Needed for mail to an agent or a person.' })
  readonly projectId?: string;

  @Line({ max: 200 })
  readonly subject!: string;

  @Markdown({ maxBytes: BODY_BYTES })
  @Text({ max: BODY_BYTES })
  readonly body!: string;
}
