import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable, Tx } from '../../infra/pg/statement.js';
import type { KeyRole, Scope } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';

/** A key as people may see it: its hash stays where it is. */
export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly role: KeyRole;
  readonly projects: Scope;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface NewKey {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly role: string;
  readonly projects: Scope;
  readonly expiresAt: string | null;
}

const COLUMNS = `id, name, role, projects, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt"`;
const WORKS = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';

@Injectable()
export class KeyRepository {
  constructor(@Inject(POOLS) private readonly pools: Pools) {}

  /** Newest first. */
  async list(filter: {
    readonly all: boolean;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly KeyRow[]> {
    const { rows } = await this.pools.reads.query<KeyRow>({
      name: 'api-key-list',
      text: `SELECT ${COLUMNS} FROM api_key
             WHERE ($1 OR (${WORKS})) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      values: [filter.all, filter.before, filter.limit],
    });
    return rows;
  }

  /** @throws NotFound */
  async get(id: string, db: Queryable = this.pools.reads): Promise<KeyRow> {
    const { rows } = await db.query<KeyRow>({
      name: 'api-key-get',
      text: `SELECT ${COLUMNS} FROM api_key WHERE id = $1`,
      values: [id],
    });
    if (rows[0] === undefined) throw new Failure('NotFound', 'There is no such key.', { id });
    return rows[0];
  }

  async insert(tx: Tx, key: NewKey): Promise<KeyRow> {
    await tx.query({
      name: 'api-key-insert',
      text: 'INSERT INTO api_key (id, name, hash, role, projects, expires_at) VALUES ($1, $2, $3, $4, $5, $6)',
      values: [key.id, key.name, key.hash, key.role, key.projects, key.expiresAt],
    });
    return this.get(key.id, tx);
  }

  async revoke(tx: Tx, id: string): Promise<KeyRow> {
    await tx.query({
      name: 'api-key-revoke',
      text: 'UPDATE api_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL',
      values: [id],
    });
    return this.get(id, tx);
  }

  /** Whether a key other than this one may do everything, now and from now on. */
  async isAdminWithout(tx: Tx, id: string): Promise<boolean> {
    const { rowCount } = await tx.query({
      name: 'api-key-other-admin',
      text: `SELECT 1 FROM api_key
             WHERE id <> $1 AND role = 'admin' AND projects IS NULL AND revoked_at IS NULL AND expires_at IS NULL LIMIT 1`,
      values: [id],
    });
    return rowCount > 0;
  }

  /** Those of the ids that no live project has. */
  async unknownProjects(tx: Tx, ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await tx.query<{ id: string }>({
      name: 'api-key-unknown-projects',
      text: `SELECT given.id FROM unnest($1::uuid[]) AS given (id)
             WHERE NOT EXISTS (SELECT 1 FROM project p WHERE p.id = given.id AND p.archived_at IS NULL)`,
      values: [ids],
    });
    return rows.map(({ id }) => id);
  }
}
