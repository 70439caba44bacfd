import { ApiProperty } from '@nestjs/swagger';
import type { MailRow } from './mail.repository.js';

export class CorrespondentResponse {
  @ApiProperty({ type: String, enum: ['agent', 'task', 'epic', 'human', 'system'] }) readonly kind!: string;
  @ApiProperty({ type: String, description: 'Name of the person or agent, id of the task or epic.' })
  readonly id!: string;
}

export class MailLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String }) readonly thread!: string;
}

export class MailResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String, format: 'uuid' }) readonly threadId!: string;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly inReplyTo!: string | null;
  @ApiProperty({ type: CorrespondentResponse }) readonly from!: CorrespondentResponse;
  @ApiProperty({ type: CorrespondentResponse }) readonly to!: CorrespondentResponse;
  @ApiProperty({ type: String }) readonly subject!: string;
  @ApiProperty({ type: String }) readonly body!: string;
  @ApiProperty({ type: String }) readonly kind!: string;
  @ApiProperty({ type: Boolean }) readonly needsAnswer!: boolean;
  @ApiProperty({ type: Boolean, description: 'Somebody stands still until it is answered.' })
  readonly isWaiting!: boolean;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly dueAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly readAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly answeredAt!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The mail that answered.' })
  readonly answeredBy!: string | null;
  @ApiProperty({ type: String, format: 'uuid' }) readonly projectId!: string;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly epicId!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly taskId!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true }) readonly runId!: string | null;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: MailLinks }) readonly links!: MailLinks;
}

export class MailPage {
  @ApiProperty({ type: [MailResponse] }) readonly items!: readonly MailResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const toMailResponse = ({
  fromKind,
  fromId,
  toKind,
  toId,
  waiterWorkflowId: _,
  ...row
}: MailRow): MailResponse => ({
  ...row,
  from: { kind: fromKind, id: fromId },
  to: { kind: toKind, id: toId },
  dueAt: row.dueAt?.toISOString() ?? null,
  readAt: row.readAt?.toISOString() ?? null,
  answeredAt: row.answeredAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  links: { self: `/api/v1/mail/${row.id}`, thread: `/api/v1/mail?threadId=${row.threadId}` },
});
