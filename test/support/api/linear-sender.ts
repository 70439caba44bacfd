import { createHmac, randomUUID } from 'node:crypto';
import type { Reply, TestApi } from './api.js';

export const LINEAR_SECRET = 'lin_wh_of_today';
export const LINEAR_PATH = '/webhooks/linear';

export const signForLinear = (body: string | Buffer, secret = LINEAR_SECRET): string =>
  createHmac('sha256', secret).update(body).digest('hex');

export interface SentToLinear {
  readonly id?: string;
  readonly secret?: string;
  /** Instead of what the rest says; undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** The headers that Linear would send with a body. */
export const linearHeadersOf = (
  body: string | Buffer,
  { id = randomUUID(), secret, headers = {} }: SentToLinear = {},
): Readonly<Record<string, string>> => {
  const all = {
    'user-agent': 'Linear-Webhook',
    'content-type': 'application/json; charset=utf-8',
    'linear-delivery': id,
    'linear-event': 'Issue',
    'linear-signature': signForLinear(body, secret),
    ...headers,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
};

/** Delivers as Linear does: without a key, signed over the very bytes. */
export const deliverForLinear = (
  api: TestApi,
  body: string | Buffer | object,
  sent: SentToLinear = {},
): Promise<Reply> => {
  const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return api.call('POST', LINEAR_PATH, { key: null, raw, headers: linearHeadersOf(raw, sent) });
};
