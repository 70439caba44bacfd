import { setTimeout as sleep } from 'node:timers/promises';
import { type Listener, listen } from '../../../infra/pg/listen.js';
import { COMMIT_NEWS } from './forge-check.repository.js';
import type { CommitNews, FollowedCommit } from './ports.js';

/** Whoever waits looks by himself as well. */
const POLL_MS = 10 * 60_000;

/** What the other processes hear of commits, over the database: one connection, opened when somebody first waits. */
export class ListeningNews implements CommitNews {
  private readonly followers = new Set<Follower>();
  private listener: Listener | undefined;

  constructor(private readonly options: { readonly databaseUrl: string; readonly applicationName: string }) {}

  follow(sha: string): FollowedCommit {
    const onWake = (heard: string | undefined): void => {
      // Without a payload something may have been missed.
      for (const one of this.followers) if (heard === undefined || heard === one.sha) one.wake();
    };
    this.listener ??= listen({ ...this.options, channel: COMMIT_NEWS, pollMs: POLL_MS, onWake });
    const follower = new Follower(sha, () => this.followers.delete(follower));
    this.followers.add(follower);
    return follower;
  }

  async close(): Promise<void> {
    await this.listener?.close();
    this.listener = undefined;
  }
}

class Follower implements FollowedCommit {
  private isFresh = false;
  private waking: AbortController | undefined;

  constructor(
    readonly sha: string,
    readonly close: () => void,
  ) {}

  wake(): void {
    this.isFresh = true;
    this.waking?.abort();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.isFresh) {
      this.waking = new AbortController();
      // It rejects when it is woken early, which is no error.
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, this.waking.signal]) }).catch(() => undefined);
    }
    signal.throwIfAborted();
    this.isFresh = false;
  }
}
