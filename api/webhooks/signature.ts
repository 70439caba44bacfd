import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/** The bytes of an `X-Hub-Signature-256`; undefined for any other form. The older header with SHA-1 is never read. */
export const parseSignature = (header: unknown): Buffer | undefined => {
  const [, hex] = (typeof header === 'string' && SIGNATURE.exec(header)) || [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
};

const HEX_SIGNATURE = /^[0-9a-f]{64}$/;

/** The bytes of a `Linear-Signature`, which names no algorithm: there is one. */
export const parseHexSignature = (header: unknown): Buffer | undefined =>
  typeof header === 'string' && HEX_SIGNATURE.test(header) ? Buffer.from(header, 'hex') : undefined;

/**
 * HMAC-SHA256 of a body with each active secret, fed while the body is read, so that no large one holds up the process.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export class SignatureCheck {
  private readonly hashes;

  constructor(
    secrets: readonly KeyObject[],
    private readonly given: Buffer,
  ) {
    this.hashes = secrets.map((secret) => createHmac('sha256', secret));
  }

  update(chunk: Buffer): void {
    for (const hash of this.hashes) hash.update(chunk);
  }

  /** Once, at the end of the body. Every secret is compared, whichever fits. */
  isRight(): boolean {
    return this.hashes
      .map((hash) => hash.digest())
      .map((digest) => digest.length === this.given.length && timingSafeEqual(digest, this.given))
      .includes(true);
  }
}
