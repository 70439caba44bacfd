import type { Config } from '../config.js';
import { errorReason } from '../errors.js';
import { connectTemporal, probeTemporal } from '../temporal.js';
import { runningDatabaseUrl } from './database-url.js';
import { probePostgres } from './postgres-server.js';
import { readStackFacts, type StackFacts } from './stack-file.js';

export type StackStatus =
  | { readonly kind: 'down' }
  | { readonly kind: 'up'; readonly facts: StackFacts; readonly answers: readonly RoundTrip[] };

/** What a real round trip to one part gave. */
export interface RoundTrip {
  readonly name: 'postgres' | 'temporal' | 'api';
  readonly ok: boolean;
  readonly ms: number;
  readonly reason: string | undefined;
}

/** Asks the instance of this home how it is: its own account, and what each part answers now. */
export const stackStatus = async (config: Config): Promise<StackStatus> => {
  const facts = readStackFacts(config.layout);
  if (facts === undefined) return { kind: 'down' };
  const answers = await Promise.all([
    roundTrip('postgres', () => probePostgres(runningDatabaseUrl(config))),
    roundTrip('temporal', () => askTemporal(config, facts)),
    roundTrip('api', () => askApi(facts.apiUrl)),
  ]);
  return { kind: 'up', facts, answers };
};

const roundTrip = async (name: RoundTrip['name'], ask: () => Promise<void>): Promise<RoundTrip> => {
  const startedAtMs = performance.now();
  const reason = await ask().then(() => undefined, errorReason);
  return { name, ok: reason === undefined, ms: Math.round(performance.now() - startedAtMs), reason };
};

const askTemporal = async ({ temporal }: Config, facts: StackFacts): Promise<void> => {
  const endpoint = { ...temporal, address: facts.temporalAddress, namespace: facts.temporalNamespace };
  const client = await connectTemporal(endpoint);
  try {
    await probeTemporal(client);
  } finally {
    await client.close();
  }
};

const askApi = async (apiUrl: string): Promise<void> => {
  const answer = await fetch(`${apiUrl}/api/v1/health/live`, { signal: AbortSignal.timeout(5_000) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
};
