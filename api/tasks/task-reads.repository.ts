import { Inject, Injectable } from '@nestjs/common';
import type { Pools } from '../../infra/pg/pools.js';
import { POOLS } from '../dependencies.js';

export interface LogRow {
  readonly kind: 'check' | 'run';
  readonly title: string;
  readonly outcome: string | null;
  readonly at: Date;
  readonly runId: string | null;
  readonly logRef: string | null;
  readonly text: string | null;
}

const MAX_ROWS = 200;

@Injectable()
export class TaskReadsRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** Check runs of the task's own rounds and of the queue's builds with it, and its agent runs; oldest first. */
  async logs(taskId: string): Promise<readonly LogRow[]> {
    const { rows } = await this.pools.reads.query<LogRow>({
      name: 'api-task-logs',
      text: `SELECT * FROM (
               SELECT 'check' AS kind, e.check_name AS title, e.outcome, e.created_at AS at, NULL::uuid AS "runId",
                      e.log_ref AS "logRef", NULL AS text
               FROM evidence e
               WHERE e.project_id = (SELECT project_id FROM task WHERE id = $1)
                 AND (e.build_id LIKE 'task/' || $1 || '/%' OR e.build_id IN (
                   SELECT b.id FROM queue_build b
                   WHERE b.members && (SELECT array_agg(q.id) FROM queue_entry q WHERE q.task_id = $1)))
               UNION ALL
               SELECT 'run', r.kind || ' by ' || a.name, coalesce(r.outcome, r.state), coalesce(r.ended_at, r.created_at),
                      r.id, NULL, coalesce(r.error, r.summary)
               FROM run r JOIN agent a ON a.id = r.agent_id WHERE r.task_id = $1
             ) logs ORDER BY at DESC LIMIT $2`,
      values: [taskId, MAX_ROWS],
    });
    return rows.toReversed();
  }
}
