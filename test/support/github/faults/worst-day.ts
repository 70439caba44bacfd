import type { GitHub } from '../start.js';
import type { WebhookOptions } from '../webhooks/options.js';
import { ANSWERS } from './faults.js';

/** Three in ten events never come, three come twice, three too late. */
export const WORST_WEBHOOKS = { drop: 0.3, duplicate: 0.3, reorder: 0.3 } as const satisfies Partial<WebhookOptions>;

/** Pages instead of answers, writes whose answers are lost, lists that lag; nothing of it may show in a result. */
export function spoil({ faults, timing }: Pick<GitHub, 'faults' | 'timing'>, seed: number): void {
  faults.seed(seed);
  faults.add(
    { path: /\/(pulls|issues|comments|rules|commits)/, chance: 0.08, times: 0, act: ANSWERS.badGatewayPage },
    { method: 'POST', path: /\/(pulls|comments)$/, chance: 0.3, times: 0, act: { kind: 'apply-then-cut' } },
  );
  Object.assign(timing, { listLagMs: 1_500, mergeableDelayMs: 3_000 });
}
