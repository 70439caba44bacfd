import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { sleep } from '@temporalio/workflow';
import { FORGE_LIMIT } from '../../domain/forge/rate.js';
import { isShut, type ShutReason } from '../../domain/forge/shut.js';

/** Where the forge named no time. */
const LEAST_WAIT_MS = 1_000;

export interface ForgeHeldUp {
  readonly ms: number;
  /** Absent: it limits us. */
  readonly shut?: ShutReason;
}

/** When the forge may be asked again that takes nothing of us now; undefined for any other error. */
export function forgeHeldUp(error: unknown): ForgeHeldUp | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  if (typeof details !== 'object' || details === null || !('againMs' in details) || !('reason' in details))
    return undefined;
  const ms = Math.max(LEAST_WAIT_MS, Number(details.againMs));
  const { reason } = details;
  return reason === FORGE_LIMIT ? { ms } : isShut(reason) ? { ms, shut: reason } : undefined;
}

/** Does the work, as often as it takes to find the forge open. */
export type Outlast = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A forge that limits us, or is shut, is waited for by a timer: it may take longer than any policy is patient, and it
 * says nothing about the work. @param wait how it is waited, and shown meanwhile
 */
export const outlastLimits =
  (wait: (heldUp: ForgeHeldUp) => Promise<void> = async ({ ms }) => await sleep(ms)): Outlast =>
  async (work) => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const heldUp = forgeHeldUp(error);
        if (heldUp === undefined) throw error;
        await wait(heldUp);
      }
    }
  };
