import { createHash } from 'node:crypto';
import { Failure } from '../../../domain/failures.js';
import type { LinearCredentials } from '../../config/linear.js';
import { errorReason } from '../../errors.js';

/** How requests to Linear say who sends them. */
export interface Authorization {
  /** Tells it from others without telling what it is. */
  readonly scope: string;
  /** @throws PermissionDenied when there is none to be had */
  header(): Promise<string>;
  /** Linear has refused this header. @returns whether another one is to be had */
  forget(header: string): boolean;
}

export const authorizationOf = (identity: LinearCredentials, apiUrl: string): Authorization => {
  if (identity.kind === 'app') return new AppTokens(identity, new URL('/oauth/token', apiUrl).href);
  const { kind, secret } = identity;
  // A personal key goes as it is; a token of OAuth says that it is one.
  const header = kind === 'key' ? secret : `Bearer ${secret}`;
  return { scope: scopeOf(secret), header: async () => header, forget: () => false };
};

const scopeOf = (text: string): string => `linear/${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;

const ANSWER_MS = 30_000;
const TOKEN = /^[\x21-\x7e]{1,1000}$/;
/** Always the same: Linear takes every token of the application away when another one is asked for with other scopes. */
const SCOPES = 'read,write';

/**
 * Tokens that an application is given for its own id and secret. They live for thirty days and are kept in memory alone:
 * one is asked for at the first request, and another when Linear refuses it. Several processes may each have one.
 * @see https://linear.app/developers/oauth-2-0-authentication#client-credentials-tokens
 */
class AppTokens implements Authorization {
  readonly scope: string;
  private current: Promise<string> | undefined;
  private known: string | undefined;

  constructor(
    private readonly app: Extract<LinearCredentials, { readonly kind: 'app' }>,
    private readonly tokenUrl: string,
  ) {
    this.scope = scopeOf(app.clientId);
  }

  async header(): Promise<string> {
    this.current ??= this.fetchToken();
    const asked = this.current;
    try {
      this.known = `Bearer ${await asked}`;
      return this.known;
    } catch (error) {
      if (this.current === asked) this.current = undefined;
      throw error;
    }
  }

  forget(header: string): boolean {
    // Others may have been refused with the same one, and have another by now.
    if (header === this.known) {
      this.current = undefined;
      this.known = undefined;
    }
    return true;
  }

  private async fetchToken(): Promise<string> {
    const { clientId, clientSecret } = this.app;
    const form = { grant_type: 'client_credentials', scope: SCOPES, client_id: clientId, client_secret: clientSecret };
    let status: number;
    let text: string;
    try {
      const response = await fetch(this.tokenUrl, {
        method: 'POST',
        redirect: 'error',
        headers: { 'user-agent': 'millwright' },
        body: new URLSearchParams(form),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      // The cause may hold the request, and with it the secret.
      throw new Failure('Unavailable', `Linear did not answer: ${errorReason(error)}`, { reason: 'FORGE' });
    }
    const { access_token: token, error_description: why } = fieldsOf(text);
    if (status === 200 && typeof token === 'string' && TOKEN.test(token)) return token;
    const isRefusal = status >= 400 && status < 500 && status !== 429;
    const words = typeof why === 'string' ? why.replace(/\p{Cc}+/gu, ' ').slice(0, 300) : 'without a word';
    throw new Failure(
      isRefusal ? 'PermissionDenied' : 'Unavailable',
      `Linear gives the application no token: ${status}, ${words}`,
      { reason: isRefusal ? 'CREDENTIALS' : 'FORGE', status },
    );
  }
}

/** A proxy's page has none. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
