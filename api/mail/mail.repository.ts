import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import { IS_WAITING } from '../../infra/pg/waiting-mail.js';
import type { Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';

export type AddresseeKind = 'agent' | 'task' | 'epic' | 'human';

export interface MailRow {
  readonly id: string;
  readonly threadId: string;
  readonly inReplyTo: string | null;
  readonly fromKind: AddresseeKind | 'system';
  readonly fromId: string;
  readonly toKind: AddresseeKind;
  readonly toId: string;
  readonly subject: string;
  readonly body: string;
  readonly kind: string;
  readonly needsAnswer: boolean;
  readonly dueAt: Date | null;
  readonly readAt: Date | null;
  readonly answeredAt: Date | null;
  readonly answeredBy: string | null;
  readonly projectId: string;
  readonly epicId: string | null;
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly waiterWorkflowId: string | null;
  /** Somebody stands still until it is answered. */
  readonly isWaiting: boolean;
  readonly createdAt: Date;
}

const COLUMNS = `id, thread_id AS "threadId", in_reply_to AS "inReplyTo", from_kind AS "fromKind", from_id AS "fromId",
  to_kind AS "toKind", to_id AS "toId", subject, body, kind, needs_answer AS "needsAnswer", due_at AS "dueAt",
  read_at AS "readAt", answered_at AS "answeredAt", answered_by AS "answeredBy", project_id AS "projectId",
  epic_id AS "epicId", task_id AS "taskId", run_id AS "runId", waiter_workflow_id AS "waiterWorkflowId",
  ${IS_WAITING} AS "isWaiting",
  created_at AS "createdAt"`;

export interface MailFilter {
  readonly scope: Scope;
  readonly toKind: string | null;
  readonly toId: string | null;
  readonly projectId: string | null;
  readonly epicId: string | null;
  readonly taskId: string | null;
  readonly threadId: string | null;
  readonly kind: string | null;
  readonly waiting: boolean;
  readonly unread: boolean;
  readonly before: string | null;
  readonly limit: number;
}

export type NewMail = Pick<
  MailRow,
  | 'id'
  | 'threadId'
  | 'inReplyTo'
  | 'fromId'
  | 'toKind'
  | 'toId'
  | 'subject'
  | 'body'
  | 'projectId'
  | 'epicId'
  | 'taskId'
  | 'runId'
>;

@Injectable()
export class MailRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** @throws NotFound, for mail of a project outside the scope too */
  async get(id: string, scope: Scope, db: Queryable = this.pools.reads): Promise<MailRow> {
    const { rows } = await db.query<MailRow>({
      name: 'api-mail-get',
      text: `SELECT ${COLUMNS} FROM mail WHERE id = $1 AND ($2::uuid[] IS NULL OR project_id = ANY($2))`,
      values: [id, scope],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such mail.', { id });
    return rows[0];
  }

  async list(filter: MailFilter): Promise<readonly MailRow[]> {
    const { rows } = await this.pools.reads.query<MailRow>({
      name: 'api-mail-list',
      text: `SELECT ${COLUMNS} FROM mail
             WHERE ($1::uuid[] IS NULL OR project_id = ANY($1)) AND ($2::text IS NULL OR to_kind = $2)
               AND ($3::text IS NULL OR to_id = $3) AND ($4::uuid IS NULL OR project_id = $4)
               AND ($5::uuid IS NULL OR epic_id = $5) AND ($6::uuid IS NULL OR task_id = $6)
               AND ($7::uuid IS NULL OR thread_id = $7) AND ($8::text IS NULL OR kind = $8)
               AND (NOT $9 OR ${IS_WAITING}) AND (NOT $10 OR read_at IS NULL)
               AND ($11::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM mail WHERE id = $11))
             ORDER BY created_at DESC, id DESC LIMIT $12`,
      values: [
        filter.scope,
        filter.toKind,
        filter.toId,
        filter.projectId,
        filter.epicId,
        filter.taskId,
        filter.threadId,
        filter.kind,
        filter.waiting,
        filter.unread,
        filter.before,
        filter.limit,
      ],
    });
    return rows;
  }

  async insert(tx: Tx, mail: NewMail): Promise<MailRow> {
    const { rows } = await tx.query<MailRow>({
      name: 'api-mail-insert',
      text: `INSERT INTO mail (id, thread_id, in_reply_to, from_kind, from_id, to_kind, to_id, subject, body, kind, project_id,
                               epic_id, task_id, run_id)
             VALUES ($1, $2, $3, 'human', $4, $5, $6, $7, $8, 'message', $9, $10, $11, $12) RETURNING ${COLUMNS}`,
      values: [
        mail.id,
        mail.threadId,
        mail.inReplyTo,
        mail.fromId,
        mail.toKind,
        mail.toId,
        mail.subject,
        mail.body,
        mail.projectId,
        mail.epicId,
        mail.taskId,
        mail.runId,
      ],
    });
    if (rows[0] === undefined) throw new Failure('Internal', 'The mail was not stored.');
    return rows[0];
  }

  /** Decides who answers: false for all but the first. */
  async claimAnswer(tx: Tx, questionId: string, answerId: string): Promise<boolean> {
    const { rowCount } = await tx.query({
      name: 'api-mail-claim-answer',
      text: `UPDATE mail SET answered_at = now(), answered_by = $2, read_at = coalesce(read_at, now())
             WHERE id = $1 AND answered_at IS NULL`,
      values: [questionId, answerId],
    });
    return rowCount === 1;
  }

  async markRead(id: string, scope: Scope): Promise<MailRow> {
    await this.pools.writes.query({
      name: 'api-mail-read',
      text: `UPDATE mail SET read_at = now()
             WHERE id = $1 AND read_at IS NULL AND ($2::uuid[] IS NULL OR project_id = ANY($2))`,
      values: [id, scope],
    });
    return this.get(id, scope, this.pools.writes);
  }

  async isAgent(tx: Tx, name: string): Promise<boolean> {
    const { rowCount } = await tx.query({
      name: 'api-mail-is-agent',
      text: 'SELECT 1 FROM agent WHERE name = $1',
      values: [name],
    });
    return rowCount === 1;
  }
}
