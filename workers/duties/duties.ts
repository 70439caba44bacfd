import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { handOnUnanswered } from '../../activities/mail/hand-on.js';
import type { Logger } from '../../infra/logging.js';
import { listen } from '../../infra/pg/listen.js';
import { type SessionLock, tryHoldLock } from '../../infra/pg/locks.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { WritePool } from '../../infra/pg/writes.js';
import type { FactoryInput } from '../../workflows/contract/factory.js';
import { ensureFactory } from './ensure-factory.js';
import { endOrphans } from './orphans.js';
import { endOutdated } from './outdated-engine.js';
import { endOutlived } from './outlived.js';
import { reconcile } from './reconcile.js';
import { relayDue } from './relay.js';
import { requeue } from './requeue.js';
import { findRestored } from './restored-factory.js';

export interface DutiesDeps {
  readonly databaseUrl: string;
  readonly writes: WritePool;
  /** Asked for with every use: a connection that no longer answers is replaced. */
  readonly client: Client;
  readonly factory: FactoryInput;
  /** Looks for landings that the rows have lost; answers how many there were. */
  readonly restoreLostLandings: () => Promise<number>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const LOCK = 'millwright.duties';
const RETRY_MS = 1_000;
/** A NOTIFY is lost while PostgreSQL restarts, so the outbox is also looked at every second. */
const POLL_MS = 1_000;
const RECONCILE_MS = 30_000;

/** Held by one process at a time under one advisory lock; whoever finds it free takes over. Ends with the signal. */
export async function runDuties(deps: DutiesDeps): Promise<void> {
  const { databaseUrl, signal, log } = deps;
  while (!signal.aborted) {
    try {
      const lock = await tryHoldLock({ databaseUrl, applicationName: 'millwright-duties' }, LOCK);
      if (lock) await holdDuties(deps, lock);
    } catch (error) {
      log.warn({ message: String(error) }, 'duties interrupted');
    }
    await pause(RETRY_MS, signal);
  }
}

async function holdDuties(deps: DutiesDeps, lock: SessionLock): Promise<void> {
  const over = AbortSignal.any([deps.signal, lock.lost]);
  const wake = new Wake();
  over.addEventListener('abort', () => wake.ring());
  const listener = listen({
    databaseUrl: deps.databaseUrl,
    applicationName: 'millwright-relay',
    channel: 'outbox',
    pollMs: POLL_MS,
    onWake: () => wake.ring(),
  });
  try {
    await Promise.all([keepRelaying(deps, wake, over), keepReconciling(deps, over)]);
  } finally {
    await listener.close();
    await lock.release().catch(() => {}); // a lost session has released it already
  }
}

async function keepRelaying(deps: DutiesDeps, wake: Wake, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await wake.rung();
    try {
      while (!over.aborted && (await relayDue({ ...deps, db: deps.writes })) > 0);
    } catch (error) {
      deps.log.warn({ message: String(error) }, 'relay interrupted');
    }
  }
}

/** At once, and again every half minute: the engine may lose its store while we run. */
async function keepReconciling(deps: DutiesDeps, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    try {
      await endOutdated(deps);
      await ensureFactory(deps.client, { ...deps.factory, restored: await findRestored(deps.writes) });
      await reconcile({ ...deps, tuning: deps.factory.tuning, beforeRestart: deps.restoreLostLandings });
      await requeue({ ...deps, tuning: deps.factory.tuning });
      await endOrphans(deps);
      await endOutlived(deps);
      await withTransaction(deps.writes, handOnUnanswered);
    } catch (error) {
      deps.log.warn({ message: String(error) }, 'reconciler interrupted');
      await pause(RETRY_MS, over);
      continue;
    }
    await pause(RECONCILE_MS, over);
  }
}

/** Remembers a ring that came while nobody waited. */
class Wake {
  private pending = false;
  private resolve: (() => void) | undefined;

  ring(): void {
    this.pending = true;
    this.resolve?.();
  }

  async rung(): Promise<void> {
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        this.resolve = resolve;
      });
    }
    this.pending = false;
    this.resolve = undefined;
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
