import { CancellationScope, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import { forgeWaitWords } from '../../domain/waiting-words.js';
import { verifyPorts } from '../checks/ports.js';
import { verify } from '../checks/verify.js';
import type { MergeActivities, QueueStoreActivities, RecordBuildInput } from '../contract/activities/merge.js';
import type { MergeBuildInput, MergeBuildOutcome } from '../contract/merge-build.js';
import { type BuildDoneMessage, mergeQueueBuildDoneSignal } from '../contract/merge-queue.js';
import { activitiesOf } from '../support/activities-of.js';
import { outlastLimits } from '../support/forge-limit.js';
import { tell } from '../support/tell.js';
import { makeShow } from '../support/visibility.js';
import { candidateOf, resultOf, suspectResult } from './build-result.js';

/** One attempt at one candidate: compose, check, judge, store; then the verdict goes to the queue. */
export async function mergeBuild(input: MergeBuildInput): Promise<MergeBuildOutcome> {
  const { queueId, projectId, branch, pathId, attempt, tip, members, tuning } = input;
  const at = { projectId, branch };
  const git: MergeActivities = activitiesOf<MergeActivities>('FORGE_READ', tuning, { summary: 'compose' });
  const store: QueueStoreActivities = activitiesOf<QueueStoreActivities>('STORE', tuning);
  const report = (message: Omit<BuildDoneMessage, 'pathId' | 'attempt'>): Promise<'told' | 'gone'> =>
    tell(queueId, mergeQueueBuildDoneSignal, { pathId, attempt, ...message });
  const row: Omit<RecordBuildInput, 'status' | 'machineMs'> = {
    ...at,
    pathId,
    attempt,
    head: input.head,
    on: input.on,
    members: members.map((member) => member.entryId),
    workflowId: workflowInfo().workflowId,
  };
  const show = makeShow();
  const what = members.map((member) => `#${member.prNumber} ${member.title}`).join(', ') || `the tip of ${branch}`;
  const showBuilding = (): void =>
    show({ state: 'building' }, `Checks run on **${what}** merged onto \`${tip.slice(0, 12)}\``);
  showBuilding();
  const ports = verifyPorts({
    projectId,
    buildId: `${pathId}/${attempt}`,
    tuning,
    compose: () => git.composeCandidate({ ...at, tip, members, expectTip: true }),
    suspect: async (check) => {
      await report({ phase: 'suspect', result: suspectResult(check) });
    },
    outlast: outlastLimits(async ({ ms, ...why }) => {
      show({ state: 'building' }, `**${what}** waits for ${forgeWaitWords({ untilMs: Date.now() + ms, ...why })}`);
      await sleep(ms);
      showBuilding();
    }),
  });
  try {
    await store.recordBuild({ ...row, status: 'building', machineMs: 0 });
    const outcome = await verify(ports, { base: tip, lastAttempt: attempt >= input.maxAttempts });
    const result = resultOf(outcome, tip);
    const verdict = { ...candidateOf(outcome), result };
    // The row before the word: a verdict that nobody heard is found there.
    await CancellationScope.nonCancellable(async () => {
      await store.recordBuild({ ...row, status: 'done', machineMs: outcome.machineMs, ...verdict });
      show(
        { state: result.cause === 'none' ? 'passed' : result.cause },
        `**${what}**: ${result.cause === 'none' ? 'checks passed' : result.cause}`,
      );
      await report({ phase: 'verdict', ...verdict });
    });
    return { kind: 'verdict', ...verdict };
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      await store.recordBuild({ ...row, status: 'cancelled', machineMs: 0 });
      await report({ phase: 'cancelled' });
    });
    return { kind: 'cancelled' };
  }
}
