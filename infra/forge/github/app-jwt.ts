import { createSign } from 'node:crypto';

/** GitHub takes a token from the future for none, and honours one for ten minutes at most. */
const BACKDATED_SECONDS = 30;
const LIFE_SECONDS = 600;

/**
 * What an App shows for itself, by GitHub's clock: a host whose own is wrong by more than a minute is refused, and the
 * answer's `Date` says by how much.
 * @see https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export class AppJwt {
  private aheadMs = 0;

  constructor(
    private readonly appId: number,
    /** PEM of an RSA key. */
    private readonly privateKey: string,
  ) {}

  /** GitHub's time, as far as it is known. */
  readonly nowMs = (): number => Date.now() - this.aheadMs;

  /** @param date header of an answer that refused us */
  heard(date: string | undefined): void {
    const atMs = Date.parse(date ?? '');
    if (!Number.isNaN(atMs)) this.aheadMs = Date.now() - atMs;
  }

  make(): { readonly jwt: string; readonly expiresAt: string } {
    const iat = Math.floor(this.nowMs() / 1000) - BACKDATED_SECONDS;
    const exp = iat + LIFE_SECONDS;
    const unsigned = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat, exp, iss: this.appId })}`;
    const signature = createSign('RSA-SHA256').update(unsigned).sign(this.privateKey, 'base64url');
    return { jwt: `${unsigned}.${signature}`, expiresAt: new Date(exp * 1000).toISOString() };
  }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
