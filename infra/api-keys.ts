import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { v7 as uuidv7 } from 'uuid';
import { replaceFile } from './atomic-file.js';
import type { Queryable } from './pg/statement.js';

/** A key as its holder has it: `mw_<id, 32 hex>_<secret, 256 bits>`. Shown once, never stored. */
export interface ApiKey {
  readonly id: string;
  readonly secret: string;
}

const KEY = /^mw_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/;

export const makeApiKey = (): ApiKey => ({ id: uuidv7(), secret: randomBytes(32).toString('base64url') });

export const formatApiKey = ({ id, secret }: ApiKey): string => `mw_${id.replaceAll('-', '')}_${secret}`;

export const parseApiKey = (text: string): ApiKey | undefined => {
  const [, hex, secret] = KEY.exec(text) ?? [];
  if (hex === undefined || secret === undefined) return undefined;
  return { id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), secret };
};

/**
 * What table `api_key` keeps: an HMAC of the id under the secret. The secret is 256 random bits, so nothing shorter
 * than guessing it turns the stored value into a key, and no second secret has to be shared between hosts.
 */
export const hashApiKey = ({ id, secret }: ApiKey): string =>
  createHmac('sha256', secret).update(`millwright api key ${id}`).digest('hex');

/** Compares in constant time. */
export const matchesApiKey = (key: ApiKey, storedHash: string): boolean => {
  const expected = Buffer.from(hashApiKey(key), 'hex');
  const stored = Buffer.from(storedHash, 'hex');
  return expected.length === stored.length && timingSafeEqual(expected, stored);
};

/**
 * Makes sure that the file holds a working admin key: keeps the one it holds (and stores it again in a database that
 * lost it), or writes a new one with mode 0600. Answers the key's text.
 */
export const createFirstAdminKey = async (db: Queryable, file: string): Promise<string> => {
  const kept = parseApiKey((await readFile(file, 'utf8').catch(() => '')).trim());
  if (kept !== undefined && (await adopt(db, kept))) {
    await chmod(file, 0o600);
    return formatApiKey(kept);
  }
  const key = makeApiKey();
  // In this order: a key without its row is adopted at the next start, a row whose key nobody has stays for ever.
  replaceFile(file, `${formatApiKey(key)}\n`);
  await insertAdminKey(db, key);
  return formatApiKey(key);
};

/** False when the key was revoked, has expired, or its row is not of this secret. */
const adopt = async (db: Queryable, key: ApiKey): Promise<boolean> => {
  await insertAdminKey(db, key);
  const { rows } = await db.query<{ hash: string }>({
    name: 'api-key-adopt',
    text: `SELECT hash FROM api_key
           WHERE id = $1 AND role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    values: [key.id],
  });
  return rows[0] !== undefined && matchesApiKey(key, rows[0].hash);
};

const insertAdminKey = async (db: Queryable, key: ApiKey): Promise<void> => {
  await db.query({
    name: 'api-key-insert-admin',
    text: `INSERT INTO api_key (id, name, hash, role) VALUES ($1, 'admin', $2, 'admin') ON CONFLICT (id) DO NOTHING`,
    values: [key.id, hashApiKey(key)],
  });
};
