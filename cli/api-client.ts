import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { loadClientSettings, loadConfig } from '../infra/config.js';
import { readStackFacts } from '../infra/embedded/stack-file.js';
import { CliError, EXIT } from './errors.js';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** What any list or resource of the API is made of here: the shapes are the API's own. */
export type Resource = Readonly<Record<string, unknown>>;

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** The ETag that the change is meant for. */
  readonly ifMatch?: string;
}

interface ProblemBody {
  readonly code?: string;
  readonly detail?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const PAGE = 200;
const UNAVAILABLE_RETRIES = 5;

/** The HTTP API as the command line sees it. Every change carries an idempotency key, so a retry is harmless. */
export class ApiClient {
  constructor(
    readonly baseUrl: string,
    private readonly key: string,
  ) {}

  async send<T = Resource>(path: string, request: Request = {}): Promise<T> {
    const idempotencyKey = randomUUID();
    for (let attempt = 0; ; attempt++) {
      const response = await this.fetch(path, request, idempotencyKey);
      const text = await response.text();
      const body: unknown = text === '' ? undefined : parse(text);
      if (response.ok && text !== '' && !/json/.test(response.headers.get('content-type') ?? '')) {
        throw foreign(response.status, this.baseUrl);
      }
      if (response.ok) return body as T; // the API's own shape, by its published schema
      const wait = Number(response.headers.get('retry-after') ?? 0);
      if (response.status === 503 && attempt < UNAVAILABLE_RETRIES) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(1, wait) * 1000));
        continue;
      }
      throw toError(response.status, body, this.baseUrl);
    }
  }

  get<T = Resource>(path: string, query?: Request['query']): Promise<T> {
    return this.send<T>(path, query === undefined ? {} : { query });
  }

  post<T = Resource>(path: string, body: unknown = {}): Promise<T> {
    return this.send<T>(path, { method: 'POST', body });
  }

  /** All pages of a list, up to `limit` items. */
  async list<T = Resource>(path: string, query: Request['query'] = {}, limit = PAGE): Promise<readonly T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page: Page<T> = await this.get(path, { ...query, limit: Math.min(PAGE, limit - items.length), cursor });
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && items.length < limit);
    return items;
  }

  /** Opens the event stream; the caller reads the body. */
  stream(
    path: string,
    query: Request['query'],
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    return fetch(this.url(path, query), {
      headers: {
        authorization: `Bearer ${this.key}`,
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      signal,
    });
  }

  private url(path: string, query: Request['query'] = {}): URL {
    const url = new URL(`/api/v1${path}`, this.baseUrl);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  }

  private async fetch(
    path: string,
    { method = 'GET', body, query, ifMatch }: Request,
    idempotencyKey: string,
  ): Promise<Response> {
    try {
      return await fetch(this.url(path, query), {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'POST' ? { 'idempotency-key': idempotencyKey } : {}),
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new CliError(`Millwright does not answer at ${this.baseUrl}. Is it up? (millwright up)`, EXIT.failed, {
        code: 'Unreachable',
        detail: cause instanceof Error ? cause.message : String(cause),
      });
    }
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Something between us and the API answered in its own words.
    return { detail: text.slice(0, 200) };
  }
};

const foreign = (status: number, baseUrl: string): CliError =>
  new CliError(`What answers at ${baseUrl} (${status}) is not Millwright's API: see MILLWRIGHT_API_URL.`);

const toError = (status: number, body: unknown, baseUrl: string): CliError => {
  const { code, detail, details } = (body ?? {}) as ProblemBody;
  // Any other server's body may have fields of these names.
  if (detail === undefined || (code !== undefined && typeof code !== 'string')) {
    return foreign(status, baseUrl);
  }
  const errors = Array.isArray(details?.errors) ? details.errors : [];
  // A single one is in the sentence already.
  const lines = errors.length > 1 ? `\n${errors.map((line) => `  - ${line}`).join('\n')}` : '';
  return new CliError(`${detail}${code ? ` (${code})` : ''}${lines}`, EXIT.failed, body);
};

/** From `MILLWRIGHT_API_URL` and `MILLWRIGHT_API_KEY`, else from what the running instance wrote into its home. */
export async function connectApi(): Promise<ApiClient> {
  const { apiUrl, apiKey } = loadClientSettings();
  const { layout } = loadConfig();
  const own = apiUrl === undefined || apiKey === undefined ? readStackFacts(layout)?.apiUrl : undefined;
  const url = apiUrl ?? own;
  if (url === undefined) {
    throw new CliError(`No instance runs in ${layout.home}. Start one with: millwright up`, EXIT.failed);
  }
  // The home's key opens its own instance; at any other address it would be given to a stranger.
  if (apiKey === undefined && (own === undefined || new URL(url).origin !== new URL(own).origin)) {
    throw new CliError(`No API key for ${url}: set MILLWRIGHT_API_KEY to one of that instance.`, EXIT.usage);
  }
  const key = apiKey ?? (await readFile(layout.adminKeyFile, 'utf8').catch(() => undefined))?.trim();
  if (key === undefined) {
    throw new CliError(`No API key: set MILLWRIGHT_API_KEY, or read ${layout.adminKeyFile} as its owner.`, EXIT.usage);
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const where = apiKey === undefined ? layout.adminKeyFile : 'MILLWRIGHT_API_KEY';
    throw new CliError(`${where} holds no API key: one begins with mw_ and is one word.`, EXIT.usage);
  }
  return new ApiClient(url, key);
}
