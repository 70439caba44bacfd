import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Answer } from './call.js';

/** 304 without a body when the caller has this very answer already. */
export function unchanged(request: IncomingMessage, answer: Answer): Answer {
  if (request.method !== 'GET' || answer.status !== 200) return answer;
  const etag = `W/"${createHash('sha256').update(JSON.stringify(answer.body)).digest('hex')}"`;
  const headers = { ...answer.headers, etag, 'cache-control': 'private, max-age=60, s-maxage=60' };
  const known = String(request.headers['if-none-match'] ?? '').split(/,\s*/);
  const isKnown = known.some((one) => one.replace('W/', '') === etag.replace('W/', ''));
  return isKnown ? { status: 304, headers } : { ...answer, headers };
}
