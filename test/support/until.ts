import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition; the bound only ends a test that would hang, however slow the machine is. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  { everyMs = 20, atMostMs = 120_000 }: { readonly everyMs?: number; readonly atMostMs?: number } = {},
): Promise<void> => {
  const startedAtMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAtMs > atMostMs) throw new Error(`Waited in vain for: ${condition.toString()}`);
    await sleep(everyMs);
  }
};
