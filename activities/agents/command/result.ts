import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { storableText } from '../../../infra/artifacts.js';

/** What a program may write to MILLWRIGHT_RESULT. */
export interface ProgramResult {
  readonly status: 'complete' | 'blocked' | 'question';
  readonly summary: string;
  readonly mail?: ProgramMail;
  readonly usage?: ProgramUsage;
  /** Of a planning run only. */
  readonly plan?: unknown;
}

export interface ProgramMail {
  /** `supervisor`, `human`, `task:<id>` or `agent:<name>`; default: whoever is above the run. */
  readonly to?: string;
  readonly subject: string;
  readonly body: string;
}

export interface ProgramUsage {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
}

export type ReadResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'result'; readonly result: ProgramResult }
  | { readonly kind: 'invalid'; readonly why: string };

const MAX_BYTES = 1024 ** 2;
const MAX_SUMMARY = 20_000;
const MAX_SUBJECT = 200;
const STATUSES = ['complete', 'blocked', 'question'] as const;

/** Reads what a program wrote. The file is the program's: a link, a FIFO or a huge file is no result. */
export const readResult = async (path: string): Promise<ReadResult> => {
  const text = await readRegular(path);
  if (text === undefined) return { kind: 'none' };
  if (typeof text !== 'string') return { kind: 'invalid', why: text.why };
  try {
    return parseResult(JSON.parse(text));
  } catch {
    return { kind: 'invalid', why: 'it is not JSON' };
  }
};

const readRegular = async (path: string): Promise<string | { readonly why: string } | undefined> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : { why: 'it is not a regular file' }),
  );
  if (file === undefined || 'why' in file) return file;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return { why: 'it is not a regular file' };
    if (stat.size > MAX_BYTES) return { why: `it is larger than ${MAX_BYTES} bytes` };
    const text = await file.readFile('utf8');
    return text.trim() === '' ? undefined : text;
  } finally {
    await file.close();
  }
};

export const parseResult = (value: unknown): ReadResult => {
  if (!isRecord(value)) return { kind: 'invalid', why: 'it is not an object' };
  const status = STATUSES.find((known) => known === value.status);
  if (status === undefined) return { kind: 'invalid', why: `status must be ${STATUSES.join(', ')}` };
  const { summary = '', mail, usage, plan } = value;
  if (typeof summary !== 'string') return { kind: 'invalid', why: 'summary must be a text' };
  const readMail = mail === undefined ? undefined : mailOf(mail);
  if (typeof readMail === 'string') return { kind: 'invalid', why: readMail };
  const readUsage = usage === undefined ? undefined : usageOf(usage);
  if (typeof readUsage === 'string') return { kind: 'invalid', why: readUsage };
  if (status === 'question' && readMail === undefined && summary.trim() === '') {
    return { kind: 'invalid', why: 'a question needs mail or summary' };
  }
  return {
    kind: 'result',
    result: {
      status,
      summary: storableText(summary.slice(0, MAX_SUMMARY)),
      ...(readMail ? { mail: readMail } : {}),
      ...(readUsage ? { usage: readUsage } : {}),
      ...(plan === undefined ? {} : { plan }),
    },
  };
};

/** A text is what is wrong. */
const mailOf = (value: unknown): ProgramMail | string => {
  if (!isRecord(value)) return 'mail must be an object';
  const { to, subject, body } = value;
  if (to !== undefined && typeof to !== 'string') return 'mail.to must be a text';
  if (typeof subject !== 'string' || subject.trim() === '') return 'mail.subject must be a text';
  if (typeof body !== 'string' || body.trim() === '') return 'mail.body must be a text';
  return {
    subject: storableText(subject.slice(0, MAX_SUBJECT)),
    body: storableText(body.slice(0, MAX_SUMMARY)),
    ...(to === undefined ? {} : { to }),
  };
};

const usageOf = (value: unknown): ProgramUsage | string => {
  if (!isRecord(value)) return 'usage must be an object';
  const { inputTokens = 0, cachedTokens = 0, outputTokens = 0, costMicroUsd = 0 } = value;
  if (!isCount(inputTokens) || !isCount(cachedTokens) || !isCount(outputTokens) || !isCount(costMicroUsd)) {
    return 'usage must hold whole numbers that are not negative';
  }
  return { inputTokens, cachedTokens, outputTokens, costMicroUsd };
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
