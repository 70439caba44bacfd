import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, CompleteAsyncError, getClient } from '@temporalio/activity';
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityNotFoundError,
  type AsyncCompletionClient,
  type Client,
} from '@temporalio/client';
import { Failure } from '../../domain/failures.js';
import { toApplicationFailure } from '../support/to-application-failure.js';

const LONGEST_BEAT_MS = 5_000;
const AGAIN_MS = 1_000;

/** Runs the work of an activity and answers for it. */
export type Carry = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/**
 * Goes on with activities that only wait, beside the worker's slots: a slot is held until the work is taken over. They
 * heartbeat, are cancelled and answer by their task token. When the process ends, the engine starts them anew elsewhere.
 */
export class BesideSlots {
  private readonly ending = new AbortController();
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly client: () => Client = getClient) {}

  /** Called by an activity as its last act. @throws CompleteAsyncError always */
  readonly carry: Carry = async (work) => {
    const { taskToken, heartbeatTimeoutMs = 3 * LONGEST_BEAT_MS } = activityInfo();
    const everyMs = Math.min(LONGEST_BEAT_MS, Math.floor(heartbeatTimeoutMs / 3));
    const carried = this.goOn({ activity: this.client().activity, taskToken, everyMs }, work);
    this.underWay.add(carried);
    void carried.finally(() => this.underWay.delete(carried)); // it never rejects
    throw new CompleteAsyncError();
  };

  /** Ends what is under way, so that another process takes it up at once. */
  async close(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.underWay);
  }

  private async goOn({ activity, taskToken, everyMs }: Carried, work: (signal: AbortSignal) => Promise<unknown>) {
    const stop = new AbortController();
    let isCancelled = false;
    const beat = setInterval(() => {
      activity.heartbeat(taskToken).catch((error: unknown) => {
        // A server that is away hears the next one.
        if (!(error instanceof ActivityCancelledError) && !(error instanceof ActivityNotFoundError)) return;
        isCancelled = error instanceof ActivityCancelledError;
        stop.abort();
      });
    }, everyMs);
    try {
      const result = await work(AbortSignal.any([stop.signal, this.ending.signal]));
      await this.tell(() => activity.complete(taskToken, result));
    } catch (error) {
      await this.tell(() => {
        if (isCancelled) return activity.reportCancellation(taskToken);
        return activity.fail(taskToken, toApplicationFailure(this.ending.signal.aborted ? LEAVING : error) as Error); // it makes errors of everything
      });
    } finally {
      clearInterval(beat);
    }
  }

  /** Until the engine has heard it, or wants to hear no more. Never rejects. */
  private async tell(say: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await say();
      } catch (error) {
        if (!(error instanceof ActivityCompletionError) || this.ending.signal.aborted) return;
        await sleep(AGAIN_MS, undefined, { signal: this.ending.signal }).catch(() => undefined);
      }
    }
  }
}

interface Carried {
  readonly activity: AsyncCompletionClient;
  readonly taskToken: Uint8Array;
  readonly everyMs: number;
}

const LEAVING = new Failure('Unavailable', 'the worker that waited for it was stopped', { reason: 'WORKER_STOPPED' });
