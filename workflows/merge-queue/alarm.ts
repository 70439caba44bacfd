import { sleep } from '@temporalio/workflow';

/** Wakes at the earliest of the given times. A timer that is out of date fires harmlessly. */
export function makeAlarm(wake: () => void): (dueMs: readonly (number | undefined)[]) => void {
  let atMs = Number.POSITIVE_INFINITY;
  return (dueMs) => {
    const dueAtMs = Math.min(...dueMs.flatMap((due) => due ?? []));
    if (dueAtMs >= atMs) return;
    atMs = dueAtMs;
    void sleep(Math.max(1, dueAtMs - Date.now())).then(() => {
      if (atMs === dueAtMs) atMs = Number.POSITIVE_INFINITY;
      wake();
    });
  };
}
