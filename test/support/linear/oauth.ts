import { randomBytes } from 'node:crypto';
import type { UserRecord } from './records.js';
import type { LinearWorld } from './world.js';

interface OAuthApp {
  readonly userId: string;
  readonly clientSecret: string;
  readonly hasClientCredentials: boolean;
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const LIFETIME_SECONDS = 2_591_999;

/** Gives applications tokens for their id and secret, as Linear's `POST /oauth/token` does. */
export class OAuth {
  private readonly apps = new Map<string, OAuthApp>();
  /** Tokens that were given, the oldest first. */
  readonly tokens: string[] = [];

  constructor(private readonly world: LinearWorld) {}

  /** An application that acts as this user of it. */
  register(user: UserRecord, clientId: string, clientSecret: string, hasClientCredentials = true): void {
    this.apps.set(clientId, { userId: user.id, clientSecret, hasClientCredentials });
  }

  /** Their thirty days are over, or an admin has revoked them. */
  revokeAll(): void {
    for (const token of this.tokens) this.world.keys.delete(token);
  }

  answer(form: URLSearchParams): TokenAnswer {
    const app = this.apps.get(form.get('client_id') ?? '');
    if (app === undefined || app.clientSecret !== form.get('client_secret'))
      return refusal(401, 'invalid_client', 'Client is invalid');
    if (form.get('grant_type') !== 'client_credentials') return refusal(400, 'unsupported_grant_type', 'Unsupported');
    if (!app.hasClientCredentials)
      return refusal(400, 'Error', 'Client does not support the client_credentials grant type');
    const scope = form.get('scope');
    if (scope === null) return refusal(400, 'invalid_request', 'Missing parameter: scope');
    const token = `lin_oauth_${randomBytes(16).toString('hex')}`;
    this.tokens.push(token);
    this.world.keys.set(token, app.userId);
    const expires_in = LIFETIME_SECONDS;
    const body = { access_token: token, token_type: 'Bearer', expires_in, scope: scope.replaceAll(',', ' ') };
    return { status: 200, body };
  }
}

const refusal = (status: number, error: string, error_description: string): TokenAnswer => ({
  status,
  body: { error, error_description },
});
