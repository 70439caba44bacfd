import { proxyActivities } from '@temporalio/workflow';
import type { Tuning } from '../contract/tuning.js';
import { activityPolicy, type PolicyName } from '../policy/activity-options.js';

export interface CallOptions {
  /** What the Web UI shows for the call; ≤ 200 bytes, no secrets. */
  readonly summary?: string;
  /** The host's own queue, for what touches a tree. */
  readonly taskQueue?: string;
}

/** Activities of one interface under one policy. A proxy is cheap: make one per call where the summary differs. */
export const activitiesOf = <T>(policy: PolicyName, tuning: Tuning, options: CallOptions = {}): T =>
  // The plain interface instead of the SDK's wrapper: the linter sees an un-awaited call only through it.
  proxyActivities<T>({ ...activityPolicy(policy, tuning), ...options }) as T;
