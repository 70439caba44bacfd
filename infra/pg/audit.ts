import { createHash } from 'node:crypto';
import { appendEvent, insertDecision, type Subject } from './events.js';
import { lockInTransaction } from './locks.js';
import type { Tx } from './statement.js';

const FIRST_HASH = '0'.repeat(64);

export interface AuditEntry {
  readonly who: string;
  /** `epic.create`, `task.cancel`, … */
  readonly what: string;
  /** `<kind>/<id>`. */
  readonly object: string;
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
  readonly ip: string;
  /** ISO 8601 UTC, to the millisecond. */
  readonly at: string;
}

/** Hash of a link of the chain: of the one before it and of all that this one says. */
export const auditHash = (previous: string, entry: AuditEntry): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        previous,
        entry.who,
        entry.what,
        entry.object,
        entry.beforeHash,
        entry.afterHash,
        entry.ip,
        entry.at,
      ]),
    )
    .digest('hex');

const hashOf = (value: unknown): string | null =>
  value === undefined ? null : createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Appends a link to the chain. It holds the chain's lock to the end of the transaction: call it last. */
const appendAudit = async (tx: Tx, entry: AuditEntry): Promise<void> => {
  await lockInTransaction(tx, 'audit');
  const { rows } = await tx.query<{ hash: string }>({
    name: 'audit-last',
    text: 'SELECT hash FROM audit ORDER BY id DESC LIMIT 1',
  });
  const previous = rows[0]?.hash ?? FIRST_HASH;
  await tx.query({
    name: 'audit-append',
    text: `INSERT INTO audit (who, what, object, before_hash, after_hash, ip, at, prev_hash, hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      entry.who,
      entry.what,
      entry.object,
      entry.beforeHash,
      entry.afterHash,
      entry.ip,
      entry.at,
      previous,
      auditHash(previous, entry),
    ],
  });
};

/** Who acted, and from where: an address, or the forge that told it. */
export interface Person {
  readonly by: string;
  readonly ip: string;
}

export interface HumanAct extends Subject {
  readonly what: string;
  readonly object: string;
  /** For people: `Epic created`, `Task cancelled`. */
  readonly title: string;
  readonly reason?: string | undefined;
  readonly before?: unknown;
  readonly after?: unknown;
  /** Set where others wait to hear of it. */
  readonly event?: { readonly type: string; readonly data?: Readonly<Record<string, unknown>> };
  /** Makes a repeat of the same request add no second decision. */
  readonly decisionId?: string;
}

/** What a person did, in the transaction that does it: event, decision of kind `human`, audit. */
export const recordHumanAct = async (tx: Tx, caller: Person, act: HumanAct): Promise<void> => {
  const subject: Subject = {
    ...(act.projectId === undefined ? {} : { projectId: act.projectId }),
    ...(act.epicId === undefined ? {} : { epicId: act.epicId }),
    ...(act.taskId === undefined ? {} : { taskId: act.taskId }),
    ...(act.runId === undefined ? {} : { runId: act.runId }),
  };
  if (act.event !== undefined) await appendEvent(tx, { ...subject, ...act.event });
  await insertDecision(tx, {
    ...subject,
    kind: 'human',
    title: act.title,
    decision: act.what,
    reasoning: act.reason ?? '',
    by: caller.by,
    ...(act.decisionId === undefined ? {} : { id: act.decisionId }),
  });
  await appendAudit(tx, {
    who: caller.by,
    what: act.what,
    object: act.object,
    beforeHash: hashOf(act.before),
    afterHash: hashOf(act.after),
    ip: caller.ip,
    at: new Date().toISOString(),
  });
};
