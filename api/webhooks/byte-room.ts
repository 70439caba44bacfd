import { Failure } from '../../domain/failures.js';

/** Memory that bodies of senders whom nobody knows yet may take at once. */
export class ByteRoom {
  private used = 0;

  constructor(private readonly bytes: number) {}

  /** @throws Unavailable when there is no room */
  take(bytes: number): void {
    if (this.used + bytes > this.bytes) {
      throw new Failure('Unavailable', 'Too many webhooks come at once.', {}, { retryAfterMs: 1_000 });
    }
    this.used += bytes;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}
