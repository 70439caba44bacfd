import { Inject, Injectable } from '@nestjs/common';
import type { RateState } from '../../domain/forge/rate.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable } from '../../infra/pg/statement.js';
import { IS_WAITING } from '../../infra/pg/waiting-mail.js';
import { POOLS } from '../dependencies.js';

/** Something counted by the few words that it can be in. */
export type Counts = Readonly<Record<string, number>>;

/** What waits somewhere, and for how long the oldest has. */
export interface Backlog {
  readonly waiting: number;
  readonly oldestSeconds: number;
}

export interface WorkFigures {
  readonly projects: Counts;
  readonly epics: Counts;
  readonly tasks: Counts;
  /** Live ones. */
  readonly runs: Counts;
  readonly agents: Counts;
  readonly lanes: Counts;
  /** Live ones: queued, active, rebasing. */
  readonly entries: Counts;
  readonly isPaused: boolean;
  /** Hosts that were heard of within a minute. */
  readonly liveHosts: number;
  /** The least of them; null when none says. */
  readonly freeBytes: number | null;
  /** Mail to people that wants an answer. */
  readonly questions: Backlog;
  readonly queue: Backlog;
  readonly outbox: Backlog;
  readonly webhooks: Backlog;
  readonly spend: readonly SpendRow[];
}

export interface SpendRow {
  readonly model: string;
  readonly state: string;
  readonly costMicroUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface LimitRow {
  readonly scope: string;
  readonly state: RateState;
  /** The database's clock, which the limiter goes by. */
  readonly nowMs: number;
}

/** A forge that nobody has asked for so long is no longer of interest. */
const QUIET_DAYS = 7;
const MOST_SCOPES = 100;

@Injectable()
export class MetricsRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** Those asked lately, whichever worker asked. */
  async limits(): Promise<readonly LimitRow[]> {
    const { rows } = await this.pools.reads.query<LimitRow>({
      name: 'api-metrics-limits',
      text: `SELECT scope, state, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs" FROM forge_limit
             WHERE updated_at > clock_timestamp() - make_interval(days => $1) ORDER BY scope LIMIT $2`,
      values: [QUIET_DAYS, MOST_SCOPES],
    });
    return rows;
  }

  async work(): Promise<WorkFigures> {
    const { reads } = this.pools;
    const [byState, backlogs, hosts, spend] = await Promise.all([
      countByState(reads),
      readBacklogs(reads),
      readHosts(reads),
      readSpend(reads),
    ]);
    const countsOf = (what: string): Counts =>
      Object.fromEntries(byState.filter((row) => row.what === what).map(({ state, count }) => [state, count]));
    const backlogOf = (what: string): Backlog => {
      const { waiting = 0, oldestSeconds = 0 } = backlogs.find((row) => row.what === what) ?? {};
      return { waiting, oldestSeconds: Math.max(0, oldestSeconds ?? 0) };
    };
    return {
      projects: countsOf('project'),
      epics: countsOf('epic'),
      tasks: countsOf('task'),
      runs: countsOf('run'),
      agents: countsOf('agent'),
      lanes: countsOf('lane'),
      entries: countsOf('entry'),
      isPaused: countsOf('hold').paused !== undefined,
      ...hosts,
      questions: backlogOf('question'),
      queue: backlogOf('entry'),
      outbox: backlogOf('outbox'),
      webhooks: backlogOf('webhook'),
      spend,
    };
  }
}

interface StateRow {
  readonly what: string;
  readonly state: string;
  readonly count: number;
}

async function countByState(db: Queryable): Promise<readonly StateRow[]> {
  const { rows } = await db.query<StateRow>({
    name: 'api-metrics-states',
    text: `SELECT 'project' AS what, state, count(*) FROM project WHERE archived_at IS NULL GROUP BY state
           UNION ALL SELECT 'epic', state, count(*) FROM epic GROUP BY state
           UNION ALL SELECT 'task', state, count(*) FROM task GROUP BY state
           UNION ALL SELECT 'run', state, count(*) FROM run
             WHERE state NOT IN ('completed', 'failed', 'timeout', 'stopped', 'orphaned', 'cancelled') GROUP BY state
           UNION ALL SELECT 'agent', state, count(*) FROM agent GROUP BY state
           UNION ALL SELECT 'lane', mode, count(*) FROM queue_lane GROUP BY mode
           UNION ALL SELECT 'entry', state, count(*) FROM queue_entry
             WHERE state IN ('queued', 'active', 'rebasing') GROUP BY state
           UNION ALL SELECT 'hold', 'paused', 1 FROM factory_hold WHERE is_paused`,
  });
  return rows;
}

interface BacklogRow {
  readonly what: string;
  readonly waiting: number;
  readonly oldestSeconds: number | null;
}

async function readBacklogs(db: Queryable): Promise<readonly BacklogRow[]> {
  const { rows } = await db.query<BacklogRow>({
    name: 'api-metrics-backlogs',
    text: `SELECT 'outbox' AS what, count(*) AS waiting,
             extract(epoch FROM now() - min(created_at))::float8 AS "oldestSeconds" FROM outbox WHERE sent_at IS NULL
           UNION ALL SELECT 'webhook', count(*), extract(epoch FROM now() - min(received_at))::float8
             FROM webhook_delivery WHERE handled_at IS NULL
           UNION ALL SELECT 'entry', count(*), extract(epoch FROM now() - min(enqueued_at))::float8
             FROM queue_entry WHERE state IN ('queued', 'active', 'rebasing')
           UNION ALL SELECT 'question', count(*), extract(epoch FROM now() - min(created_at))::float8
             FROM mail WHERE to_kind = 'human' AND ${IS_WAITING}`,
  });
  return rows;
}

async function readHosts(db: Queryable): Promise<Pick<WorkFigures, 'liveHosts' | 'freeBytes'>> {
  const { rows } = await db.query<{ readonly liveHosts: number; readonly freeBytes: number | null }>({
    name: 'api-metrics-hosts',
    text: `SELECT count(*) AS "liveHosts", min(free_bytes) AS "freeBytes" FROM host
           WHERE seen_at > clock_timestamp() - interval '1 minute'`,
  });
  return rows[0] ?? { liveHosts: 0, freeBytes: null };
}

async function readSpend(db: Queryable): Promise<readonly SpendRow[]> {
  const { rows } = await db.query<SpendRow>({
    name: 'api-metrics-spend',
    text: `SELECT model, state, sum(cost_micro_usd)::bigint AS "costMicroUsd",
             sum(input_tokens + cache_write_tokens + cached_tokens)::bigint AS "inputTokens",
             sum(output_tokens)::bigint AS "outputTokens"
           FROM usage_ledger GROUP BY model, state ORDER BY model, state LIMIT 100`,
  });
  return rows;
}
