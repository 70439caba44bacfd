import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Application, createApplication } from '../../../api/application.js';
import type { KeyRole } from '../../../api/auth/caller.js';
import type { ApiDependencies, ApiRuntimeSettings } from '../../../api/dependencies.js';
import { formatApiKey, hashApiKey, makeApiKey } from '../../../infra/api-keys.js';
import { NO_GITHUB } from '../../../infra/config/github.js';
import { NO_LINEAR } from '../../../infra/config/linear.js';
import { createLogger } from '../../../infra/logging.js';
import { createTestDatabase, type TestDatabase } from '../postgres.js';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the API answers
  readonly body: any;
}

export interface Call {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Buffer;
}

/** The API on a port of its own, over a database of its own, driven as any client would. */
export class TestApi {
  readonly keys: Readonly<Record<KeyRole, string>>;
  private constructor(
    readonly application: Application,
    readonly database: TestDatabase,
    readonly url: string,
    readonly directory: string,
    /** Lines of its log. */
    readonly logged: readonly string[],
    keys: Readonly<Record<KeyRole, string>>,
  ) {
    this.keys = keys;
  }

  /** @param temporal an address where nothing listens by default: nothing that needs the engine is tested then */
  static async start({
    requestLimits = UNLIMITED,
    github = NO_GITHUB,
    linear = NO_LINEAR,
    webhooks,
    linearWebhooks,
    trustedProxies,
    ...overrides
  }: Partial<Pick<ApiDependencies, 'temporal'>> &
    Partial<
      Pick<ApiRuntimeSettings, 'requestLimits' | 'github' | 'linear' | 'webhooks' | 'linearWebhooks' | 'trustedProxies'>
    > = {}): Promise<TestApi> {
    const database = await createTestDatabase();
    const logged: string[] = [];
    const directory = mkdtempSync(join(tmpdir(), 'millwright-api-'));
    mkdirSync(join(directory, 'home'));
    const application = await createApplication({
      pools: database.pools,
      database: { databaseUrl: database.url, applicationName: 'test-api' },
      temporal: { address: '127.0.0.1:1', namespace: 'default' },
      logger: createLogger({ name: 'test', level: 'trace', destination: { write: (line) => void logged.push(line) } }),
      settings: {
        tuning: 'brisk',
        allowedHosts: ['127.0.0.1', 'localhost', '::1', 'Factory.Example'],
        requestLimits,
        temporalUiUrl: 'http://127.0.0.1:8233',
        temporalNamespace: 'default',
        epicMicroUsd: 50_000_000,
        home: join(directory, 'home'),
        forgeDirectory: join(directory, 'home/forge'),
        mirrorsDirectory: join(directory, 'home/mirrors'),
        artifactsDirectory: join(directory, 'home/artifacts'),
        github,
        linear,
        ...(webhooks === undefined ? {} : { webhooks }),
        ...(linearWebhooks === undefined ? {} : { linearWebhooks }),
        ...(trustedProxies === undefined ? {} : { trustedProxies }),
      },
      ...overrides,
    });
    await application.app.listen(0, '127.0.0.1');
    const url = await application.app.getUrl();
    const keys = {
      viewer: await insertKey(database, { name: 'vera', role: 'viewer' }),
      member: await insertKey(database, { name: 'mel', role: 'member' }),
      lead: await insertKey(database, { name: 'lea', role: 'lead' }),
      admin: await insertKey(database, { name: 'ada', role: 'admin' }),
    };
    return new TestApi(application, database, url, directory, logged, keys);
  }

  async stop(): Promise<void> {
    await this.application.app.close();
    await this.database.drop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async call(
    method: string,
    path: string,
    { key = this.keys.admin, headers = {}, body, raw }: Call = {},
  ): Promise<Reply> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : parse(text) };
  }

  get(path: string, call: Call = {}): Promise<Reply> {
    return this.call('GET', path, call);
  }

  post(path: string, body: unknown = {}, call: Call = {}): Promise<Reply> {
    return this.call('POST', path, { body, ...call });
  }

  /** Rows of every table that a request may write, so that "nothing stored" can be asserted. */
  async countRows(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const table of WRITTEN) {
      const { rows } = await this.database.pools.writes.query<{ count: number }>({
        text: `SELECT count(*) AS count FROM ${table}`,
      });
      counts[table] = rows[0]?.count ?? 0;
    }
    return counts;
  }
}

const UNLIMITED = { perMinute: 10_000_000, wrongKeysPerMinute: 10_000_000 };

const WRITTEN = [
  ...['project', 'epic', 'plan', 'task', 'mail', 'decision', 'event', 'outbox', 'audit', 'idempotency_key'],
  'api_key',
  'webhook_delivery',
];

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const insertKey = async (
  { pools }: TestDatabase,
  {
    name,
    role,
    projects = null,
    expiresAt = null,
  }: { name: string; role: KeyRole; projects?: readonly string[] | null; expiresAt?: string | null },
): Promise<string> => {
  const key = makeApiKey();
  await pools.writes.query({
    text: 'INSERT INTO api_key (id, name, hash, role, projects, expires_at) VALUES ($1, $2, $3, $4, $5, $6)',
    values: [key.id, name, hashApiKey(key), role, projects, expiresAt],
  });
  return formatApiKey(key);
};
