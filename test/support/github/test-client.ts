import { createSign } from 'node:crypto';
import type { GitHub } from './start.js';
import type { Permissions } from './state/records.js';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON; tests know what they asked for. */
  // biome-ignore lint/suspicious/noExplicitAny: the server itself holds it to the published schema.
  readonly body: any;
}

export interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** REST as a plain program speaks it: `rest(github, 'GET /user', { token })`. */
export async function rest(github: GitHub, what: string, { token, body, headers }: Asked = {}): Promise<Reply> {
  const [method = 'GET', path = '/'] = what.split(' ');
  const response = await fetch(path.startsWith('http') ? path : `${github.apiUrl}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      accept: 'application/vnd.github+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The App's own token, as it signs it. */
export function jwtOf(
  { app, clock }: Pick<GitHub, 'app' | 'clock'>,
  { lifeSeconds = 540, key = app.privateKey }: { readonly lifeSeconds?: number; readonly key?: string } = {},
): string {
  const now = Math.floor(clock.now() / 1_000);
  const signed = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded({ iat: now - 30, exp: now - 30 + lifeSeconds, iss: app.clientId })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

/** A token of the App for one repository, with these permissions. */
export async function installationToken(github: GitHub, fullName: string, permissions: Permissions): Promise<string> {
  const { id } = github.admin.installation(fullName);
  const body = { repositories: [fullName.split('/')[1]], permissions };
  const reply = await rest(github, `POST /app/installations/${id}/access_tokens`, { token: jwtOf(github), body });
  if (reply.status !== 201) throw new Error(`No token: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.token;
}
