import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '../../cli/api-client.js';
import type { Instance } from '../support/e2e/instance.js';

export interface Answer {
  readonly status: number;
  readonly body: Resource;
  /** The answer of an earlier request with this key. */
  readonly isReplayed: boolean;
  /** Seconds. */
  readonly retryAfter?: string;
}

export interface KeyedRequest {
  readonly path: string;
  readonly body: unknown;
  readonly key: string;
  /** Of another process of the API. */
  readonly baseUrl?: string;
}

/** One POST as a client sends it, without any retry. Undefined: nobody knows what became of it. */
export async function postOnce(instance: Instance, request: KeyedRequest): Promise<Answer | undefined> {
  const secret = readFileSync(instance.layout.adminKeyFile, 'utf8').trim();
  try {
    const response = await fetch(`${request.baseUrl ?? instance.api.baseUrl}/api/v1${request.path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'idempotency-key': request.key,
      },
      body: JSON.stringify(request.body),
      signal: AbortSignal.timeout(30_000),
    });
    const isReplayed = response.headers.get('idempotency-replayed') === 'true';
    const retryAfter = response.headers.get('retry-after');
    const body = (await response.json()) as Resource;
    return { status: response.status, body, isReplayed, ...(retryAfter === null ? {} : { retryAfter }) };
  } catch {
    return undefined; // refused, reset, or no answer in time: what a client sees of a kill
  }
}

const PATIENCE_MS = 300_000;

/** Sends the same request with the same key until it is acknowledged, as a careful client does. */
export async function postUntilAcknowledged(instance: Instance, request: KeyedRequest): Promise<Answer> {
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < PATIENCE_MS; await sleep(200)) {
    const answer = await postOnce(instance, request);
    if (answer && answer.status < 300) return answer;
    const mayPass = answer === undefined || [409, 429, 503].includes(answer.status);
    if (!mayPass) throw new Error(`${request.path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  throw new Error(`${request.path} was never acknowledged.`);
}
