import { makeFence, type TreeFence } from '../contract/fence.js';

/**
 * Issues fences, each later than the one before. Workflow time at the issue, not at the start: a task and its runs write
 * to one tree in turn, and the older workflow must be able to write again after the younger one has ended.
 */
export function makeFences(): () => TreeFence {
  let atMs = 0;
  let seq = 0;
  return () => {
    atMs = Math.max(atMs, Date.now());
    seq += 1;
    return makeFence(atMs, seq);
  };
}
