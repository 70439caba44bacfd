/** What the gates of ours say on a commit. */
import { foreignLine } from '../../../domain/forge/comment-text.js';
import { NEXT_STEP } from '../../../domain/merge/texts.js';
import type { Reason } from '../../../domain/merge/types.js';
import { redactSecrets } from '../../../domain/redaction.js';
import type { GateReport } from '../../../infra/forge/gate-reports.js';

export const CHECKS_GATE = 'millwright / checks';
export const QUEUE_GATE = 'millwright / merge queue';

export interface TaskGate {
  readonly taskId: string;
  readonly headSha: string;
  readonly checks: readonly {
    readonly name: string;
    readonly outcome: 'passed' | 'failed';
    readonly tree: string;
    readonly ms: number;
    readonly failedTests: readonly string[];
  }[];
}

export interface QueueGate {
  readonly entryId: string;
  readonly headSha: string;
  readonly branch: string;
  readonly state: 'queued' | 'active' | 'rebasing' | 'landed' | 'ejected' | 'withdrawn';
  readonly reason: string | null;
  readonly landedSha: string | null;
}

export function checksReport({ taskId, headSha, checks }: TaskGate): GateReport {
  const red = checks.filter(({ outcome }) => outcome === 'failed');
  const lines = checks.flatMap(({ name, outcome, tree, ms, failedTests }) => [
    `- **${foreignLine(name, 100)}** ${outcome} on tree \`${tree.slice(0, 12)}\` in ${(ms / 1000).toFixed(1)} s`,
    ...failedTests.map((test) => `  - ${foreignLine(test)}`),
  ]);
  return {
    name: CHECKS_GATE,
    headSha,
    externalId: taskId,
    // A head is shown once its required checks have passed: what is red is optional, or passed since in another's build.
    conclusion: red.length === 0 ? 'success' : 'neutral',
    title: red.length === 0 ? `${checks.length} passed` : `${red.length} of ${checks.length} failed`,
    summary: `The work, merged into its target branch:\n\n${lines.join('\n')}`,
  };
}

/** States that only say how it waits are one to a reader, so that an entry costs two writes. */
export function queueReport({ entryId, headSha, branch, state, reason, landedSha }: QueueGate): GateReport {
  const report = { name: QUEUE_GATE, headSha, externalId: entryId };
  const target = foreignLine(branch, 100);
  switch (state) {
    case 'landed':
      return {
        ...report,
        conclusion: 'success',
        title: 'Landed',
        summary: `Landed on ${target} as ${landedSha ?? 'it was'}.`,
      };
    case 'withdrawn':
      return {
        ...report,
        conclusion: 'neutral',
        title: 'Withdrawn',
        summary: `It left the queue of ${target} unlanded.`,
      };
    case 'ejected':
      return {
        ...report,
        conclusion: 'failure',
        title: `Not landed: ${plainReason(reason)}`,
        summary: nextStep(reason),
      };
    default:
      return {
        ...report,
        conclusion: null,
        title: `In the queue of ${redactSecrets(branch)}`,
        summary: `It lands on ${target} once its checks have passed on the exact tree that would land.`,
      };
  }
}

const plainReason = (reason: string | null): string => reason ?? 'OPERATOR';

const nextStep = (reason: string | null): string =>
  NEXT_STEP[plainReason(reason) as Reason] ?? 'Enqueue the pull request again once it may land.';
