// Pure: verifies a pushed head on the target's tip, or on its own tree when it conflicts with the tip.
import { MAX_TIP_MOVES, MAX_VERIFY_TRIES } from '../../domain/rounds.js';
import type { VerifyOutcome } from '../checks/verify.js';
import type { MergeMember } from '../contract/activities/merge.js';
import type { TaskFacts } from '../contract/activities/store.js';
import type { TaskPorts } from './ports.js';

export interface HeadToVerify {
  readonly facts: TaskFacts;
  readonly headSha: string;
  /** Newest target commit that the head contains. */
  readonly onTip: string;
  readonly prNumber?: number;
  /** Verifications of this task so far: a spoiled one must leave no claim to the next. */
  readonly verification: number;
  readonly tries: number;
}

/** A conflict with the tip is no red: the queue will ask for the rebase, so only the head's own tree is judged. */
export async function verifyHead(ports: TaskPorts, head: HeadToVerify): Promise<VerifyOutcome> {
  const { projectId, targetBranch } = head.facts;
  for (let moves = 0; moves < MAX_TIP_MOVES; moves += 1) {
    const { sha: tip } = await ports.reads.readTip({ projectId, branch: targetBranch });
    if (tip === null) return { kind: 'infra', error: `the branch ${targetBranch} does not exist`, machineMs: 0 };
    const outcome = await verifyOn(ports, head, { tip, expectTip: true });
    if (outcome.kind === 'tipMoved') continue;
    if (outcome.kind !== 'conflict') return outcome;
    return verifyOn(ports, head, { tip: head.onTip, expectTip: false });
  }
  return { kind: 'infra', error: `the tip of ${targetBranch} moved ${MAX_TIP_MOVES} times`, machineMs: 0 };
}

function verifyOn(
  ports: TaskPorts,
  head: HeadToVerify,
  { tip, expectTip }: { readonly tip: string; readonly expectTip: boolean },
): Promise<VerifyOutcome> {
  const { taskId, projectId, targetBranch, branch, title } = head.facts;
  const member: MergeMember = {
    entryId: taskId,
    prNumber: head.prNumber ?? 0,
    headRef: branch,
    headSha: head.headSha,
    title,
  };
  return ports.verify({
    projectId,
    buildId: `task/${taskId}/${head.verification}`,
    base: tip,
    lastAttempt: head.tries + 1 >= MAX_VERIFY_TRIES,
    compose: () => ports.reads.composeCandidate({ projectId, branch: targetBranch, tip, members: [member], expectTip }),
  });
}
