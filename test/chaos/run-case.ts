import { seeded } from '../support/merge/random.js';
import type { CaseRun, ChaosCase } from './case.js';

export interface CaseResult {
  readonly kind: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what did not hold. */
  readonly why?: string;
  readonly ms: number;
}

/** Runs one case and cleans up after it, however it ends. @param interrupted rejects when somebody wants it to end */
export async function runCase(
  chaosCase: ChaosCase,
  seed: number,
  note: (text: string) => void = () => {},
  interrupted = new Promise<never>(() => {}),
): Promise<CaseResult> {
  const whyNot = chaosCase.whyNot?.();
  if (whyNot !== undefined) return { kind: 'skipped', why: whyNot, ms: 0 };
  const startedAtMs = performance.now();
  const cleanUps: ((isFailed: boolean) => Promise<void> | void)[] = [];
  const run: CaseRun = { seed, random: seeded(seed), note, atEnd: (cleanUp) => void cleanUps.push(cleanUp) };
  const failures: unknown[] = [];
  await Promise.race([chaosCase.run(run), interrupted]).catch((error: unknown) => failures.push(error));
  note('cleaning up');
  for (const cleanUp of cleanUps.reverse()) {
    try {
      await cleanUp(failures.length > 0);
    } catch (error) {
      failures.push(error);
    }
  }
  const ms = performance.now() - startedAtMs;
  if (failures.length === 0) return { kind: 'passed', ms };
  return {
    kind: 'failed',
    why: failures.map((one) => (one instanceof Error ? one.message : String(one))).join('\n'),
    ms,
  };
}
