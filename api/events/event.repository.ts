import { Inject, Injectable } from '@nestjs/common';
import type { Pools } from '../../infra/pg/pools.js';
import { POOLS } from '../dependencies.js';

/** Place in the order in which events become visible: the writer's transaction first, then the position. */
export interface EventPlace {
  /** 64-bit, so a text. */
  readonly xid: string;
  readonly position: number;
}

export const FIRST_PLACE: EventPlace = { xid: '0', position: 0 };

export const isAfter = (a: EventPlace, b: EventPlace): boolean => {
  const [left, right] = [BigInt(a.xid), BigInt(b.xid)];
  return left === right ? a.position > b.position : left > right;
};

export interface EventRow extends EventPlace {
  readonly streamId: string;
  readonly seq: number;
  readonly type: string;
  readonly projectId: string | null;
  readonly epicId: string | null;
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

export interface EventFilter {
  readonly epicId?: string | undefined;
  readonly taskId?: string | undefined;
  readonly runId?: string | undefined;
  /** Null = all. */
  readonly projects: readonly string[] | null;
}

export const matches = (event: EventRow, { epicId, taskId, runId, projects }: EventFilter): boolean =>
  (epicId === undefined || event.epicId === epicId) &&
  (taskId === undefined || event.taskId === taskId) &&
  (runId === undefined || event.runId === runId) &&
  (projects === null || (event.projectId !== null && projects.includes(event.projectId)));

const COLUMNS = `xid::text AS xid, position, stream_id AS "streamId", seq, type, project_id AS "projectId", epic_id AS "epicId",
  task_id AS "taskId", run_id AS "runId", data, at`;

@Injectable()
export class EventRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /**
   * The next events of everybody, in order. A transaction that is still open holds back all that came after it began,
   * so what commits late is never passed over.
   */
  async after({ xid, position }: EventPlace, limit: number): Promise<readonly EventRow[]> {
    const { rows } = await this.pools.reads.query<EventRow>({
      name: 'api-event-after',
      text: `SELECT ${COLUMNS} FROM event
             WHERE (xid, position) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
             ORDER BY event.xid, position LIMIT $3`,
      values: [xid, position, limit],
    });
    return rows;
  }

  /** As `after`, of what the filter lets through, up to and with `last`. */
  async between(after: EventPlace, last: EventPlace, filter: EventFilter, limit: number): Promise<readonly EventRow[]> {
    const { rows } = await this.pools.reads.query<EventRow>({
      name: 'api-event-between',
      text: `SELECT ${COLUMNS} FROM event
             WHERE (xid, position) > ($1::xid8, $2::bigint) AND (xid, position) <= ($3::xid8, $4::bigint)
               AND ($5::uuid IS NULL OR epic_id = $5) AND ($6::uuid IS NULL OR task_id = $6)
               AND ($7::uuid IS NULL OR run_id = $7) AND ($8::uuid[] IS NULL OR project_id = ANY($8))
             ORDER BY event.xid, position LIMIT $9`,
      values: [
        after.xid,
        after.position,
        last.xid,
        last.position,
        filter.epicId ?? null,
        filter.taskId ?? null,
        filter.runId ?? null,
        filter.projects,
        limit,
      ],
    });
    return rows;
  }

  /** The last place that a reader may be at now. */
  async lastPlace(): Promise<EventPlace> {
    const { rows } = await this.pools.reads.query<EventPlace>({
      name: 'api-event-last',
      text: `SELECT xid::text AS xid, position FROM event
             WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY event.xid DESC, position DESC LIMIT 1`,
    });
    return rows[0] ?? FIRST_PLACE;
  }

  /** False for a place that this database never gave: it was restored since. */
  async isOfThisDatabase({ xid }: EventPlace): Promise<boolean> {
    const { rows } = await this.pools.reads.query<{ known: boolean }>({
      name: 'api-event-known',
      text: 'SELECT $1::xid8 < pg_snapshot_xmax(pg_current_snapshot()) AS known',
      values: [xid],
    });
    return rows[0]?.known === true;
  }
}
