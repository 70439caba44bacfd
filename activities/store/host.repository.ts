import type { Queryable } from '../../infra/pg/statement.js';
import type { LiveHost } from '../../workflows/contract/activities/fleet.js';

export interface HostBeat {
  readonly hostId: string;
  readonly queue: string;
  readonly slots: number;
  readonly freeBytes: number;
}

/** Registers the host and says that it lives; sent every 20 s. */
export async function beatHost(db: Queryable, { hostId, queue, slots, freeBytes }: HostBeat): Promise<void> {
  await db.query({
    name: 'beat-host',
    text: `INSERT INTO host (id, queue, seen_at, slots, free_bytes) VALUES ($1, $2, now(), $3, $4)
           ON CONFLICT (id) DO UPDATE SET queue = excluded.queue, seen_at = now(), slots = excluded.slots,
             free_bytes = excluded.free_bytes`,
    values: [hostId, queue, slots, freeBytes],
  });
}

export async function listLiveHosts(db: Queryable, staleMs: number): Promise<readonly LiveHost[]> {
  const { rows } = await db.query<LiveHost>({
    name: 'list-live-hosts',
    text: `SELECT id AS "hostId", queue FROM host WHERE seen_at > now() - $1 * interval '1 millisecond' ORDER BY id`,
    values: [staleMs],
  });
  return rows;
}
