import { createHmac, randomUUID } from 'node:crypto';
import type { Reply, TestApi } from './api.js';

/** The secret of GitHub's published example. */
export const SECRET = "It's a Secret to Everybody";

export const sign = (body: string | Buffer, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

export interface SentDelivery {
  readonly event?: string;
  readonly id?: string;
  readonly secret?: string;
  readonly signature?: string;
  readonly contentType?: string;
  /** Instead of what the rest says; undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** The headers that GitHub would send with a body. */
export const headersOf = (
  body: string | Buffer,
  {
    event = 'ping',
    id = randomUUID(),
    secret,
    signature,
    contentType = 'application/json',
    headers = {},
  }: SentDelivery,
): Readonly<Record<string, string>> => {
  const all = {
    'user-agent': 'GitHub-Hookshot/044aadd',
    'content-type': contentType,
    'x-github-delivery': id,
    'x-github-event': event,
    'x-hub-signature-256': signature ?? sign(body, secret),
    ...headers,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
};

/** Delivers as GitHub does: without a key, signed over the very bytes. */
export const deliver = (api: TestApi, body: string | Buffer | object, sent: SentDelivery = {}): Promise<Reply> => {
  const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return api.call('POST', '/webhooks/github', { key: null, raw, headers: headersOf(raw, sent) });
};
