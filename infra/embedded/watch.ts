import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../domain/failures.js';
import type { Logger } from '../logging.js';
import type { SupervisedProcess } from './supervised-process.js';

/** A real round trip; throws when there was no answer in time. */
export type Probe = () => Promise<void>;

const STARTS_BEFORE_GIVING_UP = 12;

/**
 * Waits until a process answers for the first time.
 * @throws Unavailable with the end of its log, when it keeps ending or is silent for too long
 */
export const untilReady = async (process: SupervisedProcess, probe: Probe, deadlineMs = 60_000): Promise<void> => {
  const startedAtMs = performance.now();
  for (;;) {
    try {
      return await probe();
    } catch (cause) {
      // It is there and refuses us: time mends nothing.
      if (cause instanceof Failure && cause.type === 'PermissionDenied') throw cause;
      const { name, restarts, state } = process.view;
      const isLate = performance.now() - startedAtMs > deadlineMs;
      if (restarts >= STARTS_BEFORE_GIVING_UP || isLate || state === 'stopped') {
        const message = `${name} does not start. The end of its log:\n${process.logTail()}`;
        throw new Failure('Unavailable', message, { process: name }, { cause });
      }
      await sleep(50);
    }
  }
};

export interface WatchOptions {
  readonly process: SupervisedProcess;
  readonly probe: Probe;
  readonly everyMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Failed probes in a row before a process that lives but does not answer is restarted. */
const FAILURES = 2;
/** After a restart, until the first answer, failures are not held against it for so long. */
const GRACE_MS = 10_000;

/** Probes a process until the signal, and restarts it after two failures in a row. */
export const watch = async ({ process, probe, everyMs, logger, signal }: WatchOptions): Promise<void> => {
  let failures = 0;
  let seenRestarts = process.view.restarts;
  let graceUntilMs = 0;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {}); // the loop ends with the signal
    if (signal.aborted) return;
    const { restarts, state } = process.view;
    if (restarts !== seenRestarts) {
      seenRestarts = restarts;
      failures = 0;
      graceUntilMs = performance.now() + GRACE_MS;
    }
    if (state !== 'running') continue;
    try {
      await probe();
      failures = 0;
      graceUntilMs = 0;
    } catch (error) {
      if (performance.now() < graceUntilMs) continue;
      failures++;
      logger.warn({ process: process.view.name, failures, err: error }, 'probe failed');
      if (failures >= FAILURES) process.restart();
    }
  }
};
