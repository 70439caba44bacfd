// Pure: the calls of each step. Answers what came of it; after-step.ts says what that means.

import type { VerifyOutcome } from '../checks/verify.js';
import type { PublishedPullRequest } from '../contract/activities/forge.js';
import type { CommitOutcome, ConflictFile } from '../contract/activities/git.js';
import type { MailTemplate } from '../contract/activities/mail.js';
import type { Opened, TaskFacts } from '../contract/activities/store.js';
import type { RunHost } from '../contract/agent-run.js';
import type { QueueForgeEvent } from '../contract/forge-event.js';
import { taskWorkflowId } from '../contract/ids.js';
import type { EnqueueOutcome } from '../contract/merge-queue.js';
import type { TaskInput } from '../contract/task.js';
import type { Fault } from '../support/fault.js';
import type { TaskPorts } from './ports.js';
import type { Stage } from './stages.js';
import type { TaskFlow } from './task.state.js';
import { treeSummary } from './texts.js';
import { verifyHead } from './verify-head.js';

type Failed = { readonly kind: 'failed'; readonly fault: Fault };

/** What every step after the opening knows. */
export interface Open {
  readonly input: TaskInput;
  readonly task: TaskFlow;
  readonly facts: TaskFacts;
}

/** A failed activity is a value; a cancelled step answers with the fault `cancelled`. */
async function tried<T>(ports: TaskPorts, work: () => Promise<T>): Promise<T | Failed> {
  try {
    return await ports.outlast(work);
  } catch (error) {
    return { kind: 'failed', fault: ports.faultOf(error) };
  }
}

export const open = (ports: TaskPorts, { taskId, attempt }: TaskInput): Promise<Opened<TaskFacts> | Failed> =>
  tried(ports, () => ports.store.openTask({ taskId, attempt }));

export type TreeTaken =
  | { readonly kind: 'tree'; readonly host: RunHost; readonly baseSha: string; readonly isFresh: boolean }
  | { readonly kind: 'noHost'; readonly fault: Fault }
  | Failed;

/** The last checkpoint, else the head, else (of a tree that was lost before it had one) its base, else the target's tip. */
export async function takeTree(ports: TaskPorts, { task, facts }: Open): Promise<TreeTaken> {
  const { projectId, taskId, targetBranch } = facts;
  const claimed = await tried(ports, async () => ({
    kind: 'host' as const,
    hostQueue: await ports.claimHost(projectId),
  }));
  if (claimed.kind === 'failed') return { kind: 'noHost', fault: claimed.fault };
  const at = treeAt(task);
  return tried(ports, async () => {
    const { hostQueue } = claimed;
    const taken = await ports.trees(hostQueue, treeSummary(at, targetBranch)).acquireTree({
      projectId,
      ownerId: taskId,
      taskId,
      branch: targetBranch,
      ...(at === undefined ? {} : { at }),
      mode: 'write',
      fence: ports.fence(),
    });
    const host = { hostQueue, treeId: taken.treeId };
    return { kind: 'tree' as const, host, baseSha: taken.baseSha, isFresh: at === undefined };
  });
}

/** Commit that the tree should hold; undefined = the target's tip. */
export const treeAt = ({ checkpointSha, headSha, baseSha }: TaskFlow): string | undefined =>
  checkpointSha ?? headSha ?? baseSha;

export type Merged =
  | {
      readonly kind: 'merged';
      readonly result: 'clean' | 'conflict';
      readonly tip: string;
      readonly files: readonly ConflictFile[];
    }
  | Failed;

/** Writes the merge of the tip into the tree. */
export const merge = (
  ports: TaskPorts,
  { task, facts }: Open,
  { host, stage }: { readonly host: RunHost; readonly stage: Stage & { readonly kind: 'merge' } },
): Promise<Merged> =>
  tried(ports, async () => {
    const { projectId, taskId, mergeBranch, targetBranch } = facts;
    const branch = mergeBranch ?? targetBranch;
    const tip = stage.tip ?? (await ports.reads.readTip({ projectId, branch })).sha ?? '';
    const headSha = task.headSha ?? task.baseSha ?? '';
    const { kind, files } = await ports
      .trees(host.hostQueue, `merge ${tip.slice(0, 12)} into the tree`)
      .prepareRebase({ treeId: host.treeId, projectId, taskId, fence: ports.fence(), tip, headSha });
    return { kind: 'merged' as const, result: kind, tip, files };
  });

export type Committed = { readonly kind: 'commit'; readonly outcome: CommitOutcome } | Failed;

export const commit = (
  ports: TaskPorts,
  { task, facts }: Open,
  { host, summary }: { readonly host: RunHost; readonly summary: string },
): Promise<Committed> =>
  tried(ports, async () => {
    const { projectId, taskId, branch, title } = facts;
    const { merging } = task;
    const outcome = await ports.trees(host.hostQueue, `commit and push ${branch}`).commitRound({
      treeId: host.treeId,
      projectId,
      taskId,
      fence: ports.fence(),
      branch,
      parents: [task.headSha ?? task.baseSha ?? '', ...(merging ? [merging.tip] : [])],
      title,
      summary,
      round: task.checkRounds + 1,
      ...(merging && !merging.clean ? { conflictFiles: merging.files.map(({ path }) => path) } : {}),
    });
    return { kind: 'commit' as const, outcome };
  });

export type Verified = { readonly kind: 'verified'; readonly outcome: VerifyOutcome; readonly tries: number } | Failed;

export const verifyStep = (ports: TaskPorts, { task, facts }: Open, tries: number): Promise<Verified> =>
  tried(ports, async () => {
    const { headSha = '', onTip = '', prNumber, verifications } = task;
    const head = { facts, headSha, onTip, verification: verifications + 1, tries };
    const outcome = await verifyHead(ports, { ...head, ...(prNumber === undefined ? {} : { prNumber }) });
    return { kind: 'verified' as const, outcome, tries };
  });

export type Published = { readonly kind: 'published'; readonly pullRequest: PublishedPullRequest } | Failed;

export const publish = (ports: TaskPorts, { task, facts }: Open): Promise<Published> =>
  tried(ports, async () => {
    const { projectId, taskId, epicId, branch, targetBranch } = facts;
    const pullRequest = await ports.writes.openPullRequest({
      projectId,
      taskId,
      ...(epicId === undefined ? {} : { epicId }),
      headRef: branch,
      headSha: task.headSha ?? '',
      baseRef: targetBranch,
    });
    return { kind: 'published' as const, pullRequest };
  });

export type Enqueued = { readonly kind: 'enqueued'; readonly outcome: EnqueueOutcome } | Failed;

export const enqueue = (ports: TaskPorts, { input, task, facts }: Open, entryId: string): Promise<Enqueued> =>
  tried(ports, async () => {
    const { projectId, taskId, epicId, branch, targetBranch, title, createdBy } = facts;
    const outcome = await ports.engine.enqueueEntry({
      projectId,
      branch: targetBranch,
      tuning: input.tuning,
      entry: {
        entryId,
        prNumber: task.prNumber ?? 0,
        taskId,
        ...(epicId === undefined ? {} : { epicId }),
        owner: taskWorkflowId(taskId),
        headRef: branch,
        headSha: task.headSha ?? '',
        title,
        priority: 1,
        by: createdBy,
      },
    });
    return { kind: 'enqueued' as const, outcome };
  });

/** Wakes the queue of the branch. What fails is said again when the task looks at the lane again. */
export const reportBaseRed = (
  ports: TaskPorts,
  { input, facts }: Open,
  event: Extract<QueueForgeEvent, { kind: 'baseRed' }>,
) =>
  tried(ports, async () => {
    const { projectId, targetBranch } = facts;
    await ports.engine.reportBaseRed({ projectId, branch: targetBranch, tuning: input.tuning, event });
    return { kind: 'reported' as const };
  });

/** To the epic's supervision, or for a lone task to its creator. */
export async function sendMail(
  ports: TaskPorts,
  { facts }: Pick<Open, 'facts'>,
  {
    mailId,
    template,
    toPerson = false,
  }: { readonly mailId: string; readonly template: MailTemplate; readonly toPerson?: boolean },
): Promise<void> {
  const { projectId, taskId, epicId, createdBy } = facts;
  await ports.mails.sendMail({
    mailId,
    projectId,
    ...(epicId === undefined ? {} : { epicId }),
    taskId,
    from: { kind: 'task', id: taskId },
    to: toPerson || epicId === undefined ? { kind: 'human', id: createdBy } : { kind: 'epic', id: epicId },
    template,
    waiterWorkflowId: taskWorkflowId(taskId),
  });
}

/** Gives back what the task holds. What fails here is the janitor's: the work itself has ended. */
export async function cleanUp(ports: TaskPorts, { task, facts }: Open): Promise<void> {
  const { projectId, taskId, branch, targetBranch } = facts;
  const { host, landed, cancel, prNumber } = task;
  const chores: (() => Promise<unknown>)[] = [];
  if (cancel && !landed) {
    if (prNumber !== undefined)
      chores.push(() =>
        ports.writes.closePullRequest({
          projectId,
          number: prNumber,
          reason: cancel.reason ?? 'The task was cancelled.',
        }),
      );
    chores.push(() => ports.writes.dropBranch({ projectId, branch, taskId }));
  }
  if (landed) {
    const mergedSha = landed.mergeSha;
    chores.push(() => ports.writes.deleteMergedBranch({ projectId, branch, target: targetBranch, mergedSha }));
    chores.push(() => ports.writes.dropCheckpoints({ projectId, taskId }));
  }
  if (host)
    chores.push(() =>
      ports
        .trees(host.hostQueue, 'give the tree back')
        .releaseTree({ treeId: host.treeId, projectId, ownerId: taskId }),
    );
  // One after the other: the tree may go only when nothing is pushed from it any more.
  for (const chore of chores) await tried(ports, chore);
}
