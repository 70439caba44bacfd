import { MIN_FREE_BYTES } from '../../infra/free-space.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { LiveHost } from '../../workflows/contract/activities/fleet.js';

export interface HostBeat {
  readonly hostId: string;
  readonly queue: string;
  readonly slots: number;
  readonly freeBytes: number;
}

/**
 * Registers the host and says that it lives; sent every 20 s. It is full no more once it has a quarter more than the least
 * free: a disk that hovers about that is told of once.
 */
export async function beatHost(db: Queryable, { hostId, queue, slots, freeBytes }: HostBeat): Promise<void> {
  await db.query({
    name: 'beat-host',
    text: `INSERT INTO host (id, queue, seen_at, slots, free_bytes) VALUES ($1, $2, now(), $3, $4)
           ON CONFLICT (id) DO UPDATE SET queue = excluded.queue, seen_at = now(), slots = excluded.slots,
             free_bytes = excluded.free_bytes,
             full_since = CASE WHEN excluded.free_bytes < $5 THEN host.full_since END`,
    values: [hostId, queue, slots, freeBytes, MIN_FREE_BYTES * 1.25],
  });
}

/** The host has turned work away. Answers since when it is full if that is news. */
export async function fillsUp(tx: Tx, hostId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ since: Date }>({
    name: 'host-fills-up',
    text: 'UPDATE host SET full_since = now() WHERE id = $1 AND full_since IS NULL RETURNING full_since AS since',
    values: [hostId],
  });
  return rows[0]?.since.toISOString();
}

export async function listLiveHosts(db: Queryable, staleMs: number): Promise<readonly LiveHost[]> {
  const { rows } = await db.query<LiveHost>({
    name: 'list-live-hosts',
    text: `SELECT id AS "hostId", queue FROM host WHERE seen_at > now() - $1 * interval '1 millisecond' ORDER BY id`,
    values: [staleMs],
  });
  return rows;
}
