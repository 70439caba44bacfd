import { Inject, Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import { formatApiKey, hashApiKey, makeApiKey } from '../../infra/api-keys.js';
import { recordHumanAct } from '../../infra/pg/audit.js';
import { lockInTransaction } from '../../infra/pg/locks.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Tx } from '../../infra/pg/statement.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { Caller } from '../auth/caller.js';
import { POOLS } from '../dependencies.js';
import { openCursor, toPage } from '../http/cursor.js';
import { recordAnswer } from '../http/idempotency.repository.js';
import type { Asked } from '../temporal/controls.js';
import type { CreateKeyDto, ListKeysQuery } from './key.dto.js';
import { KeyRepository, type KeyRow } from './key.repository.js';
import { type CreatedKeyResponse, type KeyPage, type KeyResponse, toKeyResponse } from './key.response.js';

/** Names that the log gives to what is no person. */
const TAKEN_NAMES = ['system', 'millwright'];

@Injectable()
export class KeyService {
  constructor(
    @Inject(POOLS) private readonly pools: Pools,
    private readonly keys: KeyRepository,
  ) {}

  async create(dto: CreateKeyDto, caller: Caller): Promise<CreatedKeyResponse> {
    mustSeeAll(caller);
    if (TAKEN_NAMES.includes(dto.name.trim().toLowerCase())) {
      throw new Failure('InvalidInput', `A key cannot be named ${dto.name}: the log calls Millwright itself so.`);
    }
    if (dto.expiresAt !== undefined && Date.parse(dto.expiresAt) <= Date.now()) {
      throw new Failure('InvalidInput', 'expiresAt must lie in the future.');
    }
    return withTransaction(this.pools.writes, async (tx) => {
      await this.checkProjects(tx, dto.projects);
      const made = makeApiKey();
      const row = await this.keys.insert(tx, {
        id: made.id,
        name: dto.name.trim(),
        hash: hashApiKey(made),
        role: dto.role,
        projects: dto.projects ?? null,
        expiresAt: dto.expiresAt ?? null,
      });
      const answer = toKeyResponse(row, Date.now());
      // What a repeat of the request is told must not hold the secret: it would be in a row then.
      await recordAnswer(tx, caller, 201, { ...answer, key: null });
      await this.record(tx, { caller }, 'created', { row });
      return { ...answer, key: formatApiKey(made) };
    });
  }

  async list(query: ListKeysQuery, caller: Caller): Promise<KeyPage> {
    mustSeeAll(caller);
    const { limit, all = false } = query;
    const question = { list: 'keys', filters: { all } };
    const before = openCursor(caller, question, query.cursor) ?? null;
    const rows = await this.keys.list({ all, before, limit: limit + 1 });
    const toItem = (row: KeyRow): KeyResponse => toKeyResponse(row, Date.now());
    return toPage({ rows, limit, question, caller, positionOf: ({ id }) => id, toItem });
  }

  async get(id: string, caller: Caller): Promise<KeyResponse> {
    mustSeeAll(caller);
    return toKeyResponse(await this.keys.get(id), Date.now());
  }

  /** Revoking a revoked key changes nothing. @throws InvalidState for the last admin key that works for ever */
  async revoke(id: string, asked: Asked): Promise<KeyResponse> {
    mustSeeAll(asked.caller);
    return withTransaction(this.pools.writes, async (tx) => {
      // Two admins that revoke each other at once must not both find the other still there.
      await lockInTransaction(tx, 'api-keys');
      const before = await this.keys.get(id, tx);
      if (before.revokedAt !== null) return toKeyResponse(before, Date.now());
      if (isFullAdmin(before) && !(await this.keys.isAdminWithout(tx, id))) {
        const message = 'This is the last admin key of all projects without expiry: create another one first.';
        throw new Failure('InvalidState', message);
      }
      const row = await this.keys.revoke(tx, id);
      await this.record(tx, asked, 'revoked', { row, before });
      return toKeyResponse(row, Date.now());
    });
  }

  private async checkProjects(tx: Tx, projects: readonly string[] | undefined): Promise<void> {
    const [unknown] = projects === undefined ? [] : await this.keys.unknownProjects(tx, projects);
    if (unknown !== undefined) throw new Failure('InvalidInput', `projects: there is no project ${unknown}.`);
  }

  private async record(
    tx: Tx,
    { caller, reason }: Pick<Asked, 'caller' | 'reason'>,
    verb: string,
    { row, before }: { readonly row: KeyRow; readonly before?: KeyRow },
  ): Promise<void> {
    await recordHumanAct(tx, caller, {
      what: `key.${verb}`,
      object: `api_key/${row.id}`,
      title: `API key ${row.name} (${row.role}) ${verb}`,
      reason,
      before,
      after: row,
    });
  }
}

const isFullAdmin = ({ role, projects, expiresAt }: KeyRow): boolean =>
  role === 'admin' && projects === null && expiresAt === null;

const mustSeeAll = ({ scope }: Caller): void => {
  if (scope !== null) throw new Failure('PermissionDenied', 'Keys are for admins of all projects; the key is of some.');
};
