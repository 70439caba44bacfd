import { Failure } from '../../domain/failures.js';

interface Waiting<Delivery> {
  readonly delivery: Delivery;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Rows of one statement. */
const BATCH = 256;
/** About what two seconds of commits take in; GitHub waits for ten. */
const MAX_WAITING = 4_096;

/**
 * Group commit: what comes while a commit is under way goes into the next one together. One statement at a time, on one
 * connection, with one wait for the disk, however many come.
 */
export class DeliveryInbox<Delivery> {
  private waiting: Waiting<Delivery>[] = [];
  private isWriting = false;

  /** @param keep one commit for all of them */
  constructor(
    private readonly keep: (deliveries: readonly Delivery[]) => Promise<void>,
    private readonly maxWaiting = MAX_WAITING,
  ) {}

  /**
   * Ends when the delivery is durable; one that is known already is durable, too.
   * @throws Unavailable when too many wait, or the database does not answer: whether it was kept is then unknown, and the
   * sender sends it again under the same id
   */
  take(delivery: Delivery): Promise<void> {
    if (this.waiting.length >= this.maxWaiting) {
      throw new Failure('Unavailable', 'Too many webhooks wait to be stored.', {}, { retryAfterMs: 1_000 });
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ delivery, resolve, reject });
      if (!this.isWriting) void this.write(); // never rejects
    });
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH);
      try {
        await this.keep(batch.map(({ delivery }) => delivery));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isWriting = false;
  }
}
