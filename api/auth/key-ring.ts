import { timingSafeEqual } from 'node:crypto';
import { type ApiKey, matchesApiKey, parseApiKey } from '../../infra/api-keys.js';
import type { Queryable } from '../../infra/pg/statement.js';
import type { KeyRole, Scope } from './caller.js';

export interface KnownKey {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly role: KeyRole;
  readonly scope: Scope;
  readonly expiresAtMs: number | null;
}

interface Cached {
  readonly key: KnownKey | undefined;
  readonly untilMs: number;
  /** Given with the right secret before: the HMAC of it need not be made again for every request. */
  proven?: Buffer;
}

/** Below a second, so that a revoked key stops working within one. */
const KEEP_MS = 800;
const MAX_KEPT = 10_000;

/** Looks keys up by their id and checks their secret. Rows are kept for less than a second. */
export class KeyRing {
  private readonly kept = new Map<string, Cached>();

  constructor(
    private readonly reads: Queryable,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Answers the key of a `Bearer` token, or undefined when it is unknown, wrong, expired or revoked. */
  async find(token: string): Promise<KnownKey | undefined> {
    const given = parseApiKey(token);
    if (given === undefined) return undefined;
    const row = await this.load(given.id);
    if (row.key === undefined || !isProven(row, given)) return undefined;
    return this.unlessExpired(row.key);
  }

  /** Whether a key that was accepted before still is: for answers that go on after the request was let in. */
  async isLive(id: string): Promise<boolean> {
    const { key } = await this.load(id);
    return key !== undefined && this.unlessExpired(key) !== undefined;
  }

  private unlessExpired(key: KnownKey): KnownKey | undefined {
    return key.expiresAtMs !== null && key.expiresAtMs <= this.nowMs() ? undefined : key;
  }

  private async load(id: string): Promise<Cached> {
    const kept = this.kept.get(id);
    if (kept !== undefined && kept.untilMs > this.nowMs()) return kept;
    const untilMs = this.nowMs() + KEEP_MS;
    const { rows } = await this.reads.query<KeyRow>({
      name: 'api-key-by-id',
      text: `SELECT id, name, hash, role, projects, expires_at FROM api_key WHERE id = $1 AND revoked_at IS NULL`,
      values: [id],
    });
    const key = rows[0] === undefined ? undefined : toKnownKey(rows[0]);
    // Ids are guessable, so unknown ones must not fill the memory.
    if (this.kept.size >= MAX_KEPT) this.kept.clear();
    const row = { key, untilMs };
    this.kept.set(id, row);
    return row;
  }
}

const isProven = (row: Cached, given: ApiKey): boolean => {
  const secret = Buffer.from(given.secret);
  // Both are of one length, as every secret that can be read is.
  if (row.proven !== undefined && timingSafeEqual(row.proven, secret)) return true;
  if (row.key === undefined || !matchesApiKey(given, row.key.hash)) return false;
  row.proven = secret;
  return true;
};

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly role: KeyRole;
  readonly projects: readonly string[] | null;
  readonly expires_at: Date | null;
}

const toKnownKey = (row: KeyRow): KnownKey => ({
  id: row.id,
  name: row.name,
  hash: row.hash,
  role: row.role,
  scope: row.projects,
  expiresAtMs: row.expires_at?.getTime() ?? null,
});
