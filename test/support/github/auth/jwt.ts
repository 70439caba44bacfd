import { createPublicKey, verify } from 'node:crypto';
import { GitHubError } from '../http/errors.js';
import type { App } from '../state/records.js';

const LONGEST_LIFE_SECONDS = 600;
/** Clocks may differ by so much. */
const DRIFT_SECONDS = 60;

const unreadable = (): GitHubError => new GitHubError(401, 'A JSON web token could not be decoded');

const partOf = (encoded: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  } catch {
    throw unreadable();
  }
};

/**
 * The App whose key signed the token.
 * @throws GitHubError 401
 * @see https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export function appOfJwt(jwt: string, apps: readonly App[], nowMs: number): App {
  const [head = '', payload = '', signature = ''] = jwt.split('.');
  if (partOf(head).alg !== 'RS256') throw unreadable();
  const { iss, iat, exp } = partOf(payload);
  const app = apps.find((one) => String(iss) === String(one.id) || iss === one.clientId);
  if (app === undefined || app.publicKey === '') throw new GitHubError(404, 'Integration not found');
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${payload}`),
    createPublicKey(app.publicKey),
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) throw unreadable();
  const now = nowMs / 1_000;
  if (typeof iat !== 'number' || iat > now + DRIFT_SECONDS) {
    throw new GitHubError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (typeof exp !== 'number' || exp <= now) {
    throw new GitHubError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + LONGEST_LIFE_SECONDS + DRIFT_SECONDS || exp - iat > LONGEST_LIFE_SECONDS + DRIFT_SECONDS) {
    throw new GitHubError(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  return app;
}
