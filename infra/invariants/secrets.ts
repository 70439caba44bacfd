import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Violation } from './finding.js';
import type { Truths } from './truths.js';

const REMEDY = 'Make a new secret, revoke this one, and delete what holds it.';
const SHORTEST = 8;

/** Every column that holds text from outside. */
const COLUMNS = [
  ['event', 'data::text'],
  ['decision', "title || ' ' || decision || ' ' || reasoning"],
  ['mail', "subject || ' ' || body"],
  ['blob', 'body'],
  ['outbox', "args::text || ' ' || coalesce(last_error, '')"],
  ['run', "coalesce(error, '') || ' ' || coalesce(summary, '')"],
  ['task', "coalesce(failure_reason, '') || ' ' || coalesce(blocked_reason, '') || ' ' || coalesce(summary, '')"],
  ['webhook_delivery', "event || ' ' || coalesce(hint::text, '') || ' ' || coalesce(outcome, '')"],
  ['idempotency_key', "coalesce(response::text, '')"],
] as const;

/** I9: the secrets of this home are in no log and in no row. */
export async function secrets(truths: Truths): Promise<readonly Violation[]> {
  const sought = truths.secrets.filter((secret) => secret.length >= SHORTEST);
  if (sought.length === 0) return [];
  return [...(await inLogs(truths, sought)), ...(await inRows(truths, sought))];
}

async function inLogs({ layout }: Truths, sought: readonly string[]): Promise<readonly Violation[]> {
  const names = await readdir(layout.logs).catch(() => []); // never started: no logs
  const found: Violation[] = [];
  for (const name of names) {
    const path = join(layout.logs, name);
    const text = await readFile(path, 'utf8').catch(() => ''); // a directory, or rotated away
    const times = sought.filter((secret) => text.includes(secret)).length;
    if (times > 0) found.push({ subject: path, detail: `holds ${times} secrets`, remedy: REMEDY });
  }
  return found;
}

async function inRows({ db }: Truths, sought: readonly string[]): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const [table, text] of COLUMNS) {
    const { rows } = await db.query<{ rows: number }>({
      text: `SELECT count(*)::int AS rows FROM ${table} t
             WHERE EXISTS (SELECT 1 FROM unnest($1::text[]) s WHERE position(s IN (${text})) > 0)`,
      values: [sought],
    });
    const count = rows[0]?.rows ?? 0;
    if (count > 0) found.push({ subject: `table ${table}`, detail: `${count} rows hold a secret`, remedy: REMEDY });
  }
  return found;
}
