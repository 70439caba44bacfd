import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition; the bound only ends a test that would hang. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  { everyMs = 20, atMostMs = 30_000 }: { readonly everyMs?: number; readonly atMostMs?: number } = {},
): Promise<void> => {
  for (let waitedMs = 0; !(await condition()); waitedMs += everyMs) {
    if (waitedMs > atMostMs) throw new Error(`Waited in vain for: ${condition.toString()}`);
    await sleep(everyMs);
  }
};
