import { verifyPorts } from '../checks/ports.js';
import { type VerifyOutcome, verify } from '../checks/verify.js';
import type { EngineActivities } from '../contract/activities/engine.js';
import type { ForgeActivities } from '../contract/activities/forge.js';
import type { RepositoryActivities, TreeActivities } from '../contract/activities/git.js';
import type { MailActivities } from '../contract/activities/mail.js';
import type { ComposeOutcome, MergeActivities } from '../contract/activities/merge.js';
import type { StoreActivities } from '../contract/activities/store.js';
import type { TreeFence } from '../contract/fence.js';
import type { Tuning } from '../contract/tuning.js';
import { activitiesOf } from '../support/activities-of.js';
import type { ClaimHost } from '../support/claim-host.js';
import { type Fault, faultOf } from '../support/fault.js';
import type { Outlast } from '../support/forge-limit.js';

/** What a verification of one head needs to know. */
export interface VerifyRequest {
  readonly projectId: string;
  readonly buildId: string;
  readonly base: string;
  readonly lastAttempt: boolean;
  readonly compose: () => Promise<ComposeOutcome>;
}

/** Everything outside that a task's steps use; fakes stand in for it in tests. */
export interface TaskPorts {
  readonly store: Pick<StoreActivities, 'openTask' | 'saveTask'>;
  readonly claimHost: ClaimHost;
  readonly trees: (hostQueue: string, summary: string) => TreeActivities;
  readonly reads: Pick<RepositoryActivities, 'readTip'> & Pick<MergeActivities, 'composeCandidate'>;
  readonly writes: Pick<RepositoryActivities, 'deleteMergedBranch' | 'dropBranch' | 'dropCheckpoints'> &
    Pick<ForgeActivities, 'openPullRequest' | 'closePullRequest'>;
  readonly engine: EngineActivities;
  readonly mails: MailActivities;
  readonly verify: (request: VerifyRequest) => Promise<VerifyOutcome>;
  readonly fence: () => TreeFence;
  readonly newId: () => string;
  readonly faultOf: (error: unknown) => Fault;
  /** A limited forge is waited for, and the task says so. */
  readonly outlast: Outlast;
}

export const taskPorts = (
  tuning: Tuning,
  { fence, newId, outlast, claimHost }: Pick<TaskPorts, 'fence' | 'newId' | 'outlast' | 'claimHost'>,
): TaskPorts => ({
  store: activitiesOf('STORE', tuning),
  claimHost,
  trees: (taskQueue, summary) => activitiesOf('WORKTREE', tuning, { taskQueue, summary }),
  reads: activitiesOf('FORGE_READ', tuning),
  writes: activitiesOf('FORGE_WRITE', tuning),
  engine: activitiesOf('STORE', tuning),
  mails: activitiesOf('STORE', tuning),
  verify: ({ base, lastAttempt, ...wiring }) =>
    // A first red is no news for a task: the verdict follows within the same verification.
    verify(verifyPorts({ ...wiring, tuning, outlast, suspect: async () => undefined }), { base, lastAttempt }),
  fence,
  newId,
  faultOf,
  outlast,
});
