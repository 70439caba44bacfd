import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Logger } from '../../infra/logging.js';

const LOOK_MS = 1_000;

/** The secrets that deliveries may be signed with now: an App may be set up, or changed, while the API runs. */
export class ActiveSecrets {
  private known: readonly KeyObject[] = [];
  private readAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly read: () => readonly string[],
    private readonly logger: Logger,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Empty: webhooks are not configured. Looked at again each second. */
  list(): readonly KeyObject[] {
    const nowMs = this.nowMs();
    if (nowMs - this.readAtMs < LOOK_MS) return this.known;
    this.readAtMs = nowMs;
    try {
      this.known = this.read().map((secret) => createSecretKey(secret, 'utf8'));
    } catch (error) {
      // A file that cannot be read for a moment revokes no secret.
      this.logger.error({ err: error }, 'the secrets of webhooks cannot be read');
    }
    return this.known;
  }
}
