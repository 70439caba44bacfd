import { v7 as uuidv7 } from 'uuid';
import { mayCommand } from '../../../domain/forge/actors.js';
import { epicDescription, epicTitle } from '../../../domain/forge/issue-text.js';
import { newEpic } from '../../../domain/new-epic.js';
import { type ProjectStanding, workConfigOf } from '../../../domain/project-config/readiness.js';
import type { TrackedIssue, TrackedPerson } from '../../../infra/forge/issues.js';
import { recordHumanAct } from '../../../infra/pg/audit.js';
import { lockInTransaction } from '../../../infra/pg/locks.js';
import { insertEpic } from '../../../infra/pg/new-epic.repository.js';
import { insertOutbox, summaryText } from '../../../infra/pg/outbox.js';
import type { Queryable, Tx } from '../../../infra/pg/statement.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import { epicWorkflowId } from '../../../workflows/contract/ids.js';
import { epicStart } from '../../../workflows/contract/starts.js';
import { findEpicIssue, insertEpicIssue, textHash } from './epic-issue.repository.js';
import { type Intake, personOf } from './ports.js';

export interface Ask {
  /** Somebody who may. */
  readonly by: TrackedPerson;
  /** By the tracker's clock: what the issue said then is what was asked for. */
  readonly at: string;
}

export type Begun =
  | { readonly kind: 'begun' | 'known'; readonly epicId: string }
  /** The project takes no work now, in a sentence. */
  | { readonly kind: 'later'; readonly why: string };

/**
 * Files the issue as an epic, once for ever: row, start and the tie to the issue are one transaction. What somebody
 * wrote who may not command waits for the approval of its plan; if it may have been changed since it was asked for, the
 * epic is held from its first moment until somebody approves the text.
 */
export async function beginEpic(intake: Intake, issue: TrackedIssue, ask: Ask): Promise<Begun> {
  const { deps, projectId, issues, tracker, signal } = intake;
  const isTrusted = mayCommand(await tracker.readActor(projectId, issue.author, signal));
  const isTextApproved = isTrusted || Date.parse(issue.updatedAt) <= Date.parse(ask.at);
  return await withTransaction(deps.pools.writes, async (tx) => {
    await lockInTransaction(tx, `issue ${projectId} ${issue.key}`);
    const known = await findEpicIssue(tx, projectId, issue.key);
    if (known !== undefined) return { kind: 'known', epicId: known.epicId };
    const standing = workConfigOf(await readStanding(tx, projectId));
    if (standing.kind === 'refused') return { kind: 'later', why: standing.refusal.message };
    const { config } = standing;
    const wish = {
      id: uuidv7(),
      projectId,
      title: epicTitle(issue.title),
      description: epicDescription(issue.body),
      createdBy: personOf(intake, ask.by),
      ...(isTrusted || config.epics.approval !== 'none' ? {} : { approval: 'plan' as const }),
    };
    const epic = newEpic(wish, config, issues.epicMicroUsd);
    await insertEpic(tx, epic);
    if (!isTextApproved) await holdFromTheStart(tx, epic.id);
    await insertEpicIssue(tx, {
      projectId,
      tracker: tracker.kind,
      key: issue.key,
      name: issue.name,
      epicId: epic.id,
      url: issue.url,
      author: issue.author.name,
      askedBy: ask.by.name,
      hash: textHash(issue),
      seenAt: issue.updatedAt,
      isTextApproved,
    });
    const started = { id: epic.id, projectId, state: 'PLANNING' };
    await insertOutbox(tx, epicStart(started, issues.tuning, summaryText(`Epic: ${epic.title}`)));
    const person = { by: epic.createdBy, ip: 'forge' };
    await recordHumanAct(tx, person, {
      projectId,
      epicId: epic.id,
      what: 'epic.created',
      object: epicWorkflowId(epic.id),
      title: `Epic created from issue ${issue.name}: ${epic.title}`,
      after: epic,
      event: { type: 'epic.created', data: { title: epic.title, state: 'PLANNING', phase: 'planning' } },
    });
    return { kind: 'begun', epicId: epic.id };
  });
}

async function readStanding(db: Queryable, projectId: string): Promise<ProjectStanding> {
  const { rows } = await db.query<ProjectStanding>({
    name: 'read-project-standing',
    text: `SELECT state, reason, archived_at IS NOT NULL AS "isArchived", config FROM project WHERE id = $1`,
    values: [projectId],
  });
  return rows[0] ?? { state: 'refused', reason: null, isArchived: true, config: {} };
}

/** Before its workflow reads the row. */
async function holdFromTheStart(tx: Tx, epicId: string): Promise<void> {
  await tx.query({
    name: 'hold-new-epic',
    text: `UPDATE epic SET paused_by = '{person}' WHERE id = $1`,
    values: [epicId],
  });
}
