import type { Queryable } from '../../../infra/pg/statement.js';
import { type EpicIssue, fingerprint, isTextVoid } from './epic-issue.repository.js';
import type { Progress, ProgressTask } from './progress-text.js';

type EpicColumns = Omit<Progress, 'askedBy' | 'voidText' | 'tasks' | 'landed'>;

/** All that the progress of an issue's epic says. */
export async function readProgress(db: Queryable, issue: EpicIssue): Promise<Progress | undefined> {
  const [epic, tasks, landed] = await Promise.all([
    readEpic(db, issue.epicId),
    readTasks(db, issue.epicId),
    readLanded(db, issue.epicId),
  ]);
  if (epic === undefined) return undefined;
  const voidText = isTextVoid(issue) ? fingerprint(issue.seenHash) : null;
  return { ...epic, askedBy: issue.askedBy, voidText, tasks, landed };
}

async function readEpic(db: Queryable, epicId: string): Promise<EpicColumns | undefined> {
  const { rows } = await db.query<EpicColumns>({
    name: 'read-issue-progress',
    text: `SELECT e.state, e.phase, e.paused_by AS "pausedBy", e.waiting_for AS "waitingFor",
             e.blocked_reason AS "blockedReason", e.pr_number AS "prNumber", e.budget_micro_usd AS "budgetMicroUsd",
             (SELECT max(version) FROM plan WHERE epic_id = e.id) AS "planVersion",
             (SELECT coalesce(sum(cost_micro_usd), 0)::bigint FROM usage_ledger
              WHERE epic_id = e.id AND state <> 'reserved') AS "costMicroUsd",
             (SELECT jsonb_build_object('by', d.by, 'reason', d.reasoning) FROM decision d
              WHERE d.epic_id = e.id AND d.task_id IS NULL AND d.kind = 'human' AND d.decision = 'cancelled'
              ORDER BY d.created_at DESC LIMIT 1) AS ending
           FROM epic e WHERE e.id = $1`,
    values: [epicId],
  });
  return rows[0];
}

async function readTasks(db: Queryable, epicId: string): Promise<readonly ProgressTask[]> {
  const { rows } = await db.query<ProgressTask>({
    name: 'read-issue-progress-tasks',
    text: `SELECT title, state, pr_number AS "prNumber", waiting_for AS "waitingFor",
             coalesce(failure_reason, blocked_reason) AS reason
           FROM task WHERE epic_id = $1 ORDER BY position, id LIMIT 300`,
    values: [epicId],
  });
  return rows;
}

async function readLanded(db: Queryable, epicId: string): Promise<Progress['landed']> {
  const { rows } = await db.query<Progress['landed'][number]>({
    name: 'read-issue-progress-landed',
    text: `SELECT pr.number AS "prNumber", pr.merge_commit_sha AS sha FROM pull_request pr
           LEFT JOIN task t ON t.id = pr.task_id
           WHERE (pr.epic_id = $1 OR t.epic_id = $1) AND pr.state = 'merged' AND pr.merge_commit_sha IS NOT NULL
           ORDER BY pr.number LIMIT 300`,
    values: [epicId],
  });
  return rows;
}
