// The one run of judgement at a time: a planning, or a supervision that answers mail. Pure.
import { backoffMs } from '../../domain/epic-timing.js';
import { type NoRoom, noRoomWords } from '../../domain/waiting-words.js';
import type { RunContext } from '../contract/activities/store.js';
import type { AgentRunOutcome } from '../contract/agent-run.js';
import type { RunChanged } from '../contract/epic.js';
import { decisionEntry, noted } from '../support/lifecycle-log.js';
import { type Clock, type Epic, type EpicRun, isClosing } from './epic.state.js';
import { isFinishing } from './landing-step.js';

export const MAX_TRIES = 3;
const LEFT_UNANSWERED = 'It ended while somebody waited for an answer: reply to each question, or ask a person.';

export type RunStep =
  | { readonly kind: 'startRun'; readonly run: Pick<EpicRun, 'kind' | 'mailIds'>; readonly context: RunContext }
  | { readonly kind: 'stopRun'; readonly runId: string }
  | { readonly kind: 'finishRun'; readonly run: EpicRun; readonly outcome: AgentRunOutcome }
  /** A waiting run is woken by what has come meanwhile. */
  | { readonly kind: 'forwardMail'; readonly runId: string; readonly mailIds: readonly string[] };

export function nextRunStep(epic: Epic, nowMs: number): RunStep | undefined {
  const { run } = epic;
  if (run) return liveRunStep(epic, run, nowMs);
  if (epic.ended || isClosing(epic) || epic.pausedBy.length > 0 || !epic.branchReady) return undefined;
  if (isFinishing(epic, nowMs) || (epic.nextRunAtMs ?? 0) > nowMs) return undefined;
  const held = epic.stuck.find((one) => one.step === 'startRun');
  if (held && (held.untilMs === undefined || held.untilMs > nowMs)) return undefined;
  if (wantsPlanner(epic) && epic.slots > 0)
    return { kind: 'startRun', run: { kind: 'planning', mailIds: [] }, context: planningContext(epic) };
  if (epic.inbox.length === 0) return undefined;
  const { inbox, askedAgain = [] } = epic;
  const isAgain = inbox.some((id) => askedAgain.includes(id));
  const context = { mailIds: inbox, ...(isAgain ? { previousFailure: LEFT_UNANSWERED } : {}) };
  return { kind: 'startRun', run: { kind: 'supervision', mailIds: inbox }, context };
}

function liveRunStep(epic: Epic, run: EpicRun, nowMs: number): RunStep | undefined {
  if (run.outcome) return { kind: 'finishRun', run, outcome: run.outcome };
  // A plan that a person gave replaces the planner's; an ending epic needs no judgement.
  const isMoot = run.kind === 'planning' && !wantsPlanner(epic);
  const ends = isClosing(epic) || isMoot || isFinishing(epic, nowMs);
  if (run.host && ends && !run.stopSent) return { kind: 'stopRun', runId: run.runId };
  const wakes = run.kind === 'supervision' && run.state === 'waiting' && epic.inbox.length > 0;
  return wakes && !run.stopSent ? { kind: 'forwardMail', runId: run.runId, mailIds: epic.inbox } : undefined;
}

const wantsPlanner = ({ plan, constants }: Epic): boolean =>
  plan.applied === undefined &&
  plan.version === undefined &&
  plan.failed === undefined &&
  constants.planner === 'model';

const planningContext = ({ plan }: Epic): RunContext => (plan.errors.length > 0 ? { planErrors: plan.errors } : {});

export function runStarting(epic: Epic, run: Pick<EpicRun, 'runId' | 'kind' | 'mailIds'>, nowMs: number): Epic {
  return {
    ...epic,
    inbox: epic.inbox.filter((id) => !run.mailIds.includes(id)),
    run: { ...run, heardAtMs: nowMs, held: false, stopSent: false },
  };
}

/** Taken back: nothing was started. */
export const runNotStarted = ({ run, ...epic }: Epic): Epic => ({
  ...epic,
  inbox: [...(run?.mailIds ?? []), ...epic.inbox],
});

export const forwarded = (epic: Epic, mailIds: readonly string[]): Epic => ({
  ...epic,
  inbox: epic.inbox.filter((id) => !mailIds.includes(id)),
  ...(epic.run ? { run: { ...epic.run, mailIds: [...epic.run.mailIds, ...mailIds] } } : {}),
});

export function runChanged(epic: Epic, news: RunChanged, nowMs: number): Epic {
  if (epic.run?.runId !== news.runId || epic.run.outcome) return epic;
  const { waitingFor: _before, ...run } = epic.run;
  const waits = news.waitingFor === undefined ? {} : { waitingFor: news.waitingFor };
  const outcome = news.outcome ? { outcome: news.outcome } : {};
  return { ...epic, run: { ...run, ...waits, state: news.state, heardAtMs: nowMs, ...outcome } };
}

/** Until it has a host it waits for room where the disks are nearly full. */
export function seeksRoom(epic: Epic, full: NoRoom | undefined): Epic {
  if (!epic.run) return epic;
  const { waitingFor: _before, ...run } = epic.run;
  return { ...epic, run: full === undefined ? run : { ...run, waitingFor: noRoomWords(full) } };
}

/** Its workflow is over and has not said how: it is lost, and another takes its place. */
export function runEnded(epic: Epic, runId: string, outcome: AgentRunOutcome | undefined): Epic {
  const { run } = epic;
  if (run?.runId !== runId || run.outcome || !run.host) return epic;
  const lost = { kind: 'lost', reason: 'its workflow ended without an outcome', host: run.host } as const;
  return { ...epic, run: { ...run, outcome: outcome ?? lost } };
}

/** What an ended run leaves behind. */
export function runFinished(epic: Epic, run: EpicRun, outcome: AgentRunOutcome, clock: Clock): Epic {
  const { run: _, nextRunAtMs: __, ...rest } = epic;
  const log = noted(
    rest.log,
    decisionEntry(
      'epic.run',
      clock.nowMs,
      { kind: 'decision', title: `${run.kind} run ended`, decision: outcome.kind, reasoning: wordsOf(outcome) },
      { runId: run.runId, kind: run.kind, outcome: outcome.kind },
    ),
  );
  // What came too late for its last turn waits for the next run.
  const unread = (outcome.unread ?? []).filter((id) => !rest.inbox.includes(id));
  const next: Epic = { ...rest, log, inbox: [...unread, ...rest.inbox] };
  if (isClosing(epic) || (run.stopSent && outcome.kind === 'cancelled')) return next;
  if (outcome.kind === 'lost' || outcome.kind === 'ended' || outcome.kind === 'cancelled')
    return again(next, run, clock);
  return run.kind === 'planning'
    ? planned({ ...next, lostRuns: 0 }, outcome)
    : supervised({ ...next, lostRuns: 0 }, run, outcome, clock);
}

/** Lost through no fault of the agent: it counts as no try, only ever later. */
function again(epic: Epic, run: EpicRun, { nowMs }: Clock): Epic {
  const lostRuns = epic.lostRuns + 1;
  const nextRunAtMs = nowMs + backoffMs(epic.timing, lostRuns);
  return { ...epic, lostRuns, nextRunAtMs, inbox: withMail(epic, run) };
}

/** What a run left unanswered, before what came later. */
const withMail = (epic: Epic, run: EpicRun): readonly string[] => [...new Set([...run.mailIds, ...epic.inbox])];

type Judged = Exclude<AgentRunOutcome, { kind: 'lost' | 'ended' | 'cancelled' }>;

function planned(epic: Epic, outcome: Judged): Epic {
  const { plan } = epic;
  if (plan.version !== undefined) return epic;
  if (outcome.kind === 'completed' && outcome.planVersion !== undefined)
    return { ...epic, plan: { ...plan, version: outcome.planVersion, tries: 0, errors: [] } };
  const error = outcome.kind === 'completed' ? 'the run ended without handing in a plan' : wordsOf(outcome);
  const tries = plan.tries + 1;
  const errors = [...plan.errors, error].slice(-MAX_TRIES);
  // Whoever gave up on purpose, or was stopped by a person, is not simply asked again.
  const isFinal = outcome.kind === 'blocked' || outcome.kind === 'stopped' || isRefused(outcome) || tries >= MAX_TRIES;
  return { ...epic, plan: { ...plan, tries, errors, ...(isFinal ? { failed: error } : {}) } };
}

function supervised(epic: Epic, run: EpicRun, outcome: Judged, { newId }: Clock): Epic {
  if (outcome.kind === 'completed' || outcome.kind === 'stopped')
    return leftOpen({ ...epic, supervisionTries: 0 }, run, outcome);
  const tries = epic.supervisionTries + 1;
  if (outcome.kind !== 'blocked' && !isRefused(outcome) && tries < MAX_TRIES)
    return { ...epic, supervisionTries: tries, inbox: withMail(epic, run) };
  const mail = { mailId: newId(), template: { kind: 'supervision_failed', reason: wordsOf(outcome) } } as const;
  return { ...handingOn(epic, run.mailIds), supervisionTries: 0, mail: [...epic.mail, mail] };
}

/** Questions that were read and not answered: they are asked once more, then a person is. Whoever was stopped is not asked again. */
function leftOpen(epic: Epic, run: EpicRun, { kind, unanswered = [] }: Judged): Epic {
  const { askedAgain = [] } = epic;
  const open = run.mailIds.filter((id) => unanswered.includes(id));
  const again = kind === 'stopped' ? [] : open.filter((id) => !askedAgain.includes(id));
  const next = handingOn(
    epic,
    open.filter((id) => !again.includes(id)),
  );
  const others = askedAgain.filter((id) => !run.mailIds.includes(id));
  return { ...next, inbox: [...new Set([...again, ...next.inbox])], askedAgain: [...others, ...again] };
}

const handingOn = (epic: Epic, mailIds: readonly string[]): Epic =>
  mailIds.length === 0 ? epic : { ...epic, handOn: [...(epic.handOn ?? []), ...mailIds] };

export function handedOn({ handOn = [], ...epic }: Epic, mailIds: readonly string[]): Epic {
  const left = handOn.filter((id) => !mailIds.includes(id));
  return left.length === 0 ? epic : { ...epic, handOn: left };
}

const isRefused = (outcome: Judged): boolean => outcome.kind === 'failed' && outcome.needsPerson === true;

function wordsOf(outcome: AgentRunOutcome): string {
  switch (outcome.kind) {
    case 'completed':
      return outcome.summary;
    case 'blocked':
    case 'failed':
    case 'lost':
      return outcome.reason;
    case 'timeout':
      return 'its time was over';
    case 'stopped':
      return `stopped by ${outcome.by}`;
    case 'cancelled':
      return 'cancelled';
    case 'ended':
      return `it had ended ${outcome.state} already`;
  }
}
