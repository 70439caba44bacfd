import { workflowInfo } from '@temporalio/workflow';
import { makeFence, type TreeFence } from '../contract/fence.js';

/** Issues fences of this run of the workflow: each later than the one before, and than all of earlier runs. */
export function makeFences(): () => TreeFence {
  const startedAtMs = workflowInfo().runStartTime.getTime();
  let seq = 0;
  return () => {
    seq += 1;
    return makeFence(startedAtMs, seq);
  };
}
