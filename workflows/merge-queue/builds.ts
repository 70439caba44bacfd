import { membersOfPath, type Plan } from '../../domain/merge/plan.js';
import type { Path } from '../../domain/merge/types.js';
import { buildWorkflowId } from '../contract/ids.js';
import type { MergeBuildInput } from '../contract/merge-build.js';
import type { MergeQueueInput } from '../contract/merge-queue.js';
import { startTracked } from '../support/start-child.js';
import { cancelWorkflow } from '../support/tell.js';
import { memberOf } from './queue.state.js';
import type { BuildRef } from './queue-events.js';
import type { QueueBox } from './queue-work.js';

type Build = Pick<Path, 'id' | 'attempt' | 'head' | 'on'> & Pick<MergeBuildInput, 'members'>;

/** Cancels and starts the builds of a plan. A taken id is an earlier start of the same build. */
export function makeBuilds(input: MergeQueueInput, box: QueueBox, onClosed: (build: BuildRef) => void) {
  const start = async ({ id: pathId, attempt, head, on, members }: Build): Promise<void> => {
    const { queueId, tip, cfg } = box.get();
    const { projectId, branch, tuning } = input;
    const what = members.map((member) => `#${member.prNumber} ${member.title}`).join(', ') || `tip of ${branch}`;
    await startTracked<MergeBuildInput>({
      type: 'mergeBuild',
      workflowId: buildWorkflowId(queueId, pathId, attempt),
      input: { queueId, projectId, branch, pathId, attempt, maxAttempts: cfg.attempts, head, on, tip, members, tuning },
      summary: `Build: ${what}`,
      priorityKey: 3,
      projectId,
      attributes: { kind: 'mergeBuild', project: projectId, state: 'building' },
      onClosed: () => onClosed({ pathId, attempt }),
    });
  };
  return async (plan: Plan): Promise<void> => {
    const { queueId, control } = plan.state;
    // Composed from the plan's own state: handlers may change the present one while a start is awaited.
    const builds: readonly Build[] = plan.start.map((path) => ({
      ...path,
      members: membersOfPath(plan.state, path).map(memberOf),
    }));
    for (const path of plan.cancel) await cancelWorkflow(buildWorkflowId(queueId, path.id, path.attempt));
    for (const build of builds) await start(build);
    if (plan.startControl && control)
      await start({ id: control.pathId, attempt: control.attempt, head: 0, on: [], members: [] });
  };
}
