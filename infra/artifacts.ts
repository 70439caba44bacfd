import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../domain/failures.js';
import type { Queryable } from './pg/statement.js';

/** `sha256:<hex>` of the text's UTF-8 bytes. */
export type BlobRef = string;

/** Texts by reference: transcripts, diffs, logs, prompts. A repeated `put` of one text answers one reference. */
export interface BlobStore {
  /** @param through a transaction that also writes what names the text; both are there, or neither */
  put(text: string, through?: Queryable): Promise<BlobRef>;
  /** @throws NotFound when nothing is kept under the reference */
  get(ref: BlobRef): Promise<string>;
}

/** Texts up to this size live in table `blob`, larger ones in files. */
export const BLOB_ROW_BYTES = 64 * 1024;

const REF = /^sha256:[0-9a-f]{64}$/;

export const blobRef = (text: string): BlobRef => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

/** PostgreSQL keeps no NUL in text; one from a log or a model is shown as the replacement character instead. */
export const storableText = (text: string): string => text.replaceAll('\u0000', '\uFFFD').toWellFormed();

/** JSON for a jsonb column, which refuses NUL and half of a surrogate pair: a text cut in the middle of an emoji has one. */
export const storableJson = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'string' ? storableText(item) : item));

/** Under which reference a store keeps the text. */
export const refOf = (text: string): BlobRef => blobRef(storableText(text));

/** Whether a store keeps the text in a file rather than in a row. */
export const isFileText = (text: string): boolean =>
  // A character takes three bytes at the most, so that a short text need not be counted.
  3 * text.length > BLOB_ROW_BYTES && Buffer.byteLength(storableText(text)) > BLOB_ROW_BYTES;

/** @param directory the home's `artifacts`; files are fsynced before the row that names them is written */
export function createBlobStore(sql: Queryable, directory: string): BlobStore {
  const fileOf = (ref: BlobRef): string => {
    const hex = ref.slice('sha256:'.length);
    return join(directory, hex.slice(0, 2), hex);
  };
  const readRow = gatheredReads(sql);
  return {
    async put(text, through = sql) {
      const body = storableText(text);
      const ref = blobRef(body);
      if (isFileText(body)) await writeDurably(fileOf(ref), body);
      else {
        await through.query({
          name: 'put-blob',
          // A text that comes again is young again: the sweep of old ones must not take it from its new row.
          text: `INSERT INTO blob (ref, body) VALUES ($1, $2) ON CONFLICT (ref) DO UPDATE SET created_at = now()
                 WHERE blob.created_at < now() - interval '1 day'`,
          values: [ref, body],
        });
      }
      return ref;
    },
    async get(ref) {
      if (!REF.test(ref)) throw new Failure('InvalidInput', 'That is not the reference of a stored text.', { ref });
      const body = await readRow(ref);
      if (body !== undefined) return body;
      try {
        return await readFile(fileOf(ref), 'utf8');
      } catch (cause) {
        throw new Failure('NotFound', 'The stored text is gone.', { ref }, { cause });
      }
    },
  };
}

/** Texts that are asked for at once are read by one statement: a long conversation is thousands of them. */
function gatheredReads(sql: Queryable): (ref: BlobRef) => Promise<string | undefined> {
  let asked: BlobRef[] = [];
  let read: Promise<ReadonlyMap<BlobRef, string>> | undefined;
  const readAsked = async (): Promise<ReadonlyMap<BlobRef, string>> => {
    const refs = asked;
    asked = [];
    read = undefined;
    const { rows } = await sql.query<{ ref: BlobRef; body: string }>({
      name: 'get-blobs',
      text: 'SELECT ref, body FROM blob WHERE ref = ANY ($1::text[])',
      values: [refs],
    });
    return new Map(rows.map(({ ref, body }) => [ref, body]));
  };
  return async (ref) => {
    asked.push(ref);
    read ??= Promise.resolve().then(readAsked);
    return (await read).get(ref);
  };
}

/** Write, fsync, rename, fsync the directory: after it returns neither a kill nor a power cut loses the file. */
async function writeDurably(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file
      .writeFile(text, 'utf8')
      .then(() => file.sync())
      .finally(() => file.close());
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }); // on a full disk each try would leave one behind
    throw error;
  }
  const parent = await open(directory, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
