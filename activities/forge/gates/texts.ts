/** What the gates of ours say on a commit. */
import { Failure } from '../../../domain/failures.js';
import { foreignLine } from '../../../domain/forge/comment-text.js';
import { NEXT_STEP } from '../../../domain/merge/texts.js';
import type { FailedCheck, Reason } from '../../../domain/merge/types.js';
import { redactSecrets } from '../../../domain/redaction.js';
import { ASKED_AGAIN } from '../../../domain/rounds.js';
import type { TaskState } from '../../../domain/states.js';
import type { GateReport } from '../../../infra/forge/gate-reports.js';

export const CHECKS_GATE = 'millwright / checks';
export const QUEUE_GATE = 'millwright / merge queue';

/** The log of a red check, which says more than its verdict. */
export interface GateLog {
  readonly check: string;
  readonly logRef: string;
  /** That it ran on; another than the head's where the target was merged into it. */
  readonly tree: string | null;
}

/** A report whose logs are not read yet. */
export interface GateDraft extends Omit<GateReport, 'text' | 'annotations' | 'shownAs' | 'isAgain'> {
  /** The verification or the entry that it is about; null while there is none. */
  readonly attempt: string | null;
  readonly logs: readonly GateLog[];
}

export interface Verdict {
  readonly name: string;
  readonly outcome: 'passed' | 'failed';
  readonly tree: string;
  readonly ms: number;
  readonly failedTests: readonly string[];
  readonly logRef: string | null;
}

export interface TaskGate {
  readonly taskId: string;
  readonly headSha: string;
  /** Its newest verification; null while none has ended. */
  readonly attempt: string | null;
  /** The task has no newer head. */
  readonly isCurrent: boolean;
  readonly state: TaskState;
  /** How its newest verification ended, in the words of the log; null while none has. */
  readonly outcome: string | null;
  /** Names of the checks that were red. */
  readonly redChecks: string | null;
  readonly verdicts: readonly Verdict[];
}

export interface QueueGate {
  /** The entry. */
  readonly attempt: string;
  readonly prNumber: number;
  readonly title: string;
  readonly headSha: string;
  readonly branch: string;
  readonly state: 'queued' | 'active' | 'rebasing' | 'landed' | 'ejected' | 'withdrawn';
  readonly reason: string | null;
  readonly landedSha: string | null;
  readonly tree: string | null;
  readonly failedChecks: readonly FailedCheck[];
  /** That were in conflict. */
  readonly files: readonly string[];
  /** Its checks were begun once. */
  readonly hasBegun: boolean;
}

/** What is shown of a head; undefined where nothing is known. */
export function checksReport(gate: TaskGate): GateDraft | undefined {
  const { taskId, headSha, attempt, outcome, verdicts } = gate;
  const report = { name: CHECKS_GATE, headSha, externalId: taskId, attempt, logs: [] };
  const listed = verdicts.flatMap(verdictLines).join('\n');
  switch (outcome) {
    case 'passed':
      return {
        ...report,
        standing: 'success',
        title: `${verdicts.length} passed`,
        summary: `The work, merged into its target branch:\n\n${listed}`,
      };
    case 'nothing checked':
      return { ...report, standing: 'neutral', title: 'Nothing checked', summary: 'The project requires no check.' };
    case 'empty':
      return {
        ...report,
        standing: 'success',
        title: 'Nothing to check',
        summary: 'The target branch has it already.',
      };
    case 'red':
      return { ...report, ...redOf(gate, listed) };
    case ASKED_AGAIN:
      return unjudged({ ...gate, outcome: null }, report);
    default:
      return unjudged(gate, report);
  }
}

type Said = Omit<GateDraft, 'name' | 'headSha' | 'externalId' | 'attempt'>;

function redOf({ redChecks, verdicts }: TaskGate, listed: string): Said {
  const names = (redChecks ?? '').split(', ').filter((name) => name !== '');
  return {
    standing: 'failure',
    title: `Failed: ${redactSecrets(names.join(', ')) || 'the checks'}`.slice(0, 140),
    summary: `The work, merged into its target branch, fails where the target alone does not. Its agent mends it.\n\n${
      listed || names.map((name) => `- **${foreignLine(name, 100)}** failed`).join('\n')
    }`,
    logs: verdicts.flatMap(({ name, outcome, tree, logRef }) =>
      outcome === 'failed' && logRef !== null ? [{ check: name, logRef, tree }] : [],
    ),
  };
}

/** No verdict: it is being looked for, it cannot be had now, or it will never be had. */
function unjudged(
  { isCurrent, state, outcome, redChecks }: TaskGate,
  report: Pick<GateDraft, 'name' | 'headSha' | 'externalId' | 'attempt' | 'logs'>,
): GateDraft | undefined {
  const isOver = state === 'COMPLETED' || state === 'FAILED' || state === 'CANCELLED' || state === 'SKIPPED';
  if (!isCurrent || isOver) return outcome === null ? undefined : { ...report, ...SUPERSEDED };
  if (outcome === 'controlRed')
    return {
      ...report,
      standing: 'queued',
      title: 'Waits: the target branch fails its own checks',
      summary: `Red without the work too: ${foreignLine(redChecks ?? '')}. It is checked again once the target is mended.`,
    };
  if (outcome !== null || state === 'BLOCKED')
    return {
      ...report,
      standing: 'queued',
      title: 'Could not be checked yet',
      summary: 'The checks could not be run to their end. They are tried again, or a person was asked.',
    };
  // Rows of work that was restored name a head whose verdict is not known any more.
  if (state !== 'IN_PROGRESS') return undefined;
  return {
    ...report,
    standing: 'in_progress',
    title: 'Running',
    summary: 'The required checks run on the work, merged into its target branch.',
  };
}

export const SUPERSEDED = {
  standing: 'cancelled',
  title: 'No verdict',
  summary: 'A newer commit is looked at instead, or the work has ended.',
} as const;

const verdictLines = ({ name, outcome, tree, ms, failedTests }: Verdict): readonly string[] => [
  `- **${foreignLine(name, 100)}** ${outcome} on tree \`${tree.slice(0, 12)}\` in ${(ms / 1000).toFixed(1)} s`,
  ...failedTests.map((test) => `  - ${foreignLine(test)}`),
];

/** States that only say how it waits are one to a reader, so that an entry costs three writes. */
export function queueReport(entry: QueueGate): GateDraft {
  const { attempt, prNumber, headSha, branch, state, landedSha, hasBegun } = entry;
  const report = { name: QUEUE_GATE, headSha, externalId: `#${prNumber}`, attempt, logs: [] };
  const target = foreignLine(branch, 100);
  switch (state) {
    case 'landed':
      return {
        ...report,
        standing: 'success',
        title: 'Landed',
        summary: `Landed on ${target} as ${landedSha ?? 'it was'}.`,
      };
    case 'withdrawn':
      return {
        ...report,
        standing: 'neutral',
        title: 'Withdrawn',
        summary: `It left the queue of ${target} unlanded.`,
      };
    case 'ejected':
      return { ...report, ...ejectedOf(entry) };
    default:
      return {
        ...report,
        standing: hasBegun ? 'in_progress' : 'queued',
        title: `In the queue of ${redactSecrets(branch)}`,
        summary: `It lands on ${target} once its checks have passed on the exact tree that would land.`,
      };
  }
}

/** Which entry it was that failed, what failed, and what to do next. */
function ejectedOf(entry: QueueGate): Said {
  const { prNumber, title, branch, reason, tree, failedChecks, files } = entry;
  const blamed = `#${prNumber} “${foreignLine(title)}”`;
  const isRed = failedChecks.length > 0;
  const lines = [
    ...failedChecks.flatMap(({ name, failedTests }) => [
      `- **${foreignLine(name, 100)}** failed${tree === null ? '' : ` on tree \`${tree.slice(0, 12)}\``}`,
      ...failedTests.map((test) => `  - ${foreignLine(test)}`),
    ]),
    ...files.map((file) => `- conflict in ${foreignLine(file)}`),
  ];
  return {
    standing: 'failure',
    title: `Not landed: ${reason ?? 'OPERATOR'}`,
    summary: [
      ...(isRed ? [`${blamed} makes them fail: ${foreignLine(branch, 100)} without it passes.`] : []),
      ...(lines.length === 0 ? [] : [lines.join('\n')]),
      NEXT_STEP[(reason ?? 'OPERATOR') as Reason] ?? 'Enqueue the pull request again once it may land.',
    ].join('\n\n'),
    logs: failedChecks.flatMap(({ name, logRef }) => (logRef === undefined ? [] : [{ check: name, logRef, tree }])),
  };
}

/** Below what the gate says. */
export const askedAgain = (by: string, answer: string): string =>
  `**${foreignLine(by, 60)}** asked for it again: ${answer}`;
export const notRed = (): string => 'it is not red, so nothing is run.';
export const queuedOncePassed = (): string =>
  'the checks of the task run once more; it is queued again once they pass.';
export const workIsOver = (): string =>
  'the work has ended, so nothing is run. `/millwright retry` tries again what failed.';
/** The workflow's words may hold a title. */
export const refusedBy = (message: string): string => foreignLine(message, 300);

/** Whoever asked is answered by the next look. */
export const notShownYet = (): Failure =>
  new Failure('Unavailable', 'The answer to a re-run could not be shown.', { reason: 'NOT_SHOWN' });
