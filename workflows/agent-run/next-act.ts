// Pure: what a run does next, and what a turn made of it.
import { completionVoidNote, MAX_SILENT_TURNS, rolledBackNote, silentNote } from '../../domain/run-notes.js';
import { cannotKeepNote, ignoredNote } from '../../domain/work-notes.js';
import type { NotKept, ToolEffect } from '../contract/activities/agents.js';
import { withHold } from '../support/holds.js';
import { type AgentRunState, type Ending, remainingMs } from './agent-run.state.js';
import type { TurnOutcome } from './outcomes.js';

export type NextAct =
  | { readonly kind: 'turn' }
  | { readonly kind: 'end'; readonly ending: Ending }
  /** Until a message changes the run, or until the time given. */
  | { readonly kind: 'wait'; readonly untilMs?: number };

/** Repeats of a turn whose reply could not be read. */
const MAX_MALFORMED_TURNS = 3;
/** Hosts lost in a row; beyond it something about this run kills them, and its task decides. */
const MAX_LOST_TURNS = 5;
/** A provider that names no reset is asked again after this; quotas are counted by the minute or more. */
const QUOTA_WAIT_MS = 5 * 60_000;

export function nextAct(run: AgentRunState, nowMs: number): NextAct {
  if (run.stop) return { kind: 'end', ending: stopEnding(run.stop) };
  if (run.pausedBy.length > 0) return { kind: 'wait' };
  if (run.ending) return { kind: 'end', ending: run.ending };
  if (remainingMs(run, nowMs) <= 0) return { kind: 'end', ending: { kind: 'timeout' } };
  if (run.quotaUntilMs !== undefined && run.quotaUntilMs > nowMs) return { kind: 'wait', untilMs: run.quotaUntilMs };
  return run.asked.length > 0 ? { kind: 'wait' } : { kind: 'turn' };
}

const stopEnding = ({ by, cancel }: NonNullable<AgentRunState['stop']>): Ending =>
  cancel ? { kind: 'cancelled' } : { kind: 'stopped', by };

/** Time counts again once the provider's quota is there again. */
export const withoutQuota = ({ quotaUntilMs: _over, ...run }: AgentRunState): AgentRunState => run;

export const isQuotaOver = ({ quotaUntilMs }: AgentRunState, nowMs: number): boolean =>
  quotaUntilMs !== undefined && quotaUntilMs <= nowMs;

/** What was handed over with the turn that was just tried. */
export interface Handed {
  readonly mailIds: readonly string[];
  readonly notes: readonly string[];
}

/** @param budgetMailId id for the mail that asks for more budget, should the turn have met a limit */
export function afterTurn(
  before: AgentRunState,
  turn: TurnOutcome,
  { handed, nowMs, budgetMailId }: { readonly handed: Handed; readonly nowMs: number; readonly budgetMailId: string },
): AgentRunState {
  const checkpointSha = 'checkpointSha' in turn ? turn.checkpointSha : undefined;
  const run = { ...before, host: turn.host, ...(checkpointSha === undefined ? {} : { checkpointSha }) };
  switch (turn.kind) {
    case 'budget':
      return { ...run, pausedBy: withHold(run.pausedBy, 'budget', true), budgetMailId };
    case 'quota':
      return { ...run, quotaUntilMs: (turn.untilMs ?? 0) > nowMs ? (turn.untilMs ?? 0) : nowMs + QUOTA_WAIT_MS };
    case 'malformed': {
      const malformedTurns = run.malformedTurns + 1;
      return malformedTurns < MAX_MALFORMED_TURNS
        ? { ...run, malformedTurns }
        : { ...run, ending: { kind: 'failed', reason: turn.reason, agentFault: true } };
    }
    case 'interrupted':
      return run;
    case 'timeout':
      return { ...run, ending: { kind: 'timeout', ...(turn.reason === undefined ? {} : { reason: turn.reason }) } };
    case 'failed': {
      const { reason, agentFault, needsPerson } = turn;
      return { ...run, ending: { kind: 'failed', reason, agentFault, ...(needsPerson ? { needsPerson } : {}) } };
    }
    case 'lost':
      return { ...run, ending: { kind: 'lost', reason: turn.reason } };
    case 'rolledBack':
      return afterRollBack(handedOver(run, handed), turn);
    case 'sealed':
      return afterSealed(handedOver(run, handed), turn);
  }
}

const handedOver = (run: AgentRunState, { mailIds, notes }: Handed): AgentRunState => ({
  ...run,
  turn: run.turn + 1,
  malformedTurns: 0,
  inbox: run.inbox.filter((id) => !mailIds.includes(id)),
  notes: run.notes.filter((note) => !notes.includes(note)),
});

function afterRollBack(run: AgentRunState, turn: Extract<TurnOutcome, { kind: 'rolledBack' }>): AgentRunState {
  const lostTurns = run.lostTurns + 1;
  if (lostTurns > MAX_LOST_TURNS)
    return { ...run, ending: { kind: 'lost', reason: `${lostTurns} hosts in a row: ${turn.reason}` } };
  const isVoid = turn.effects.some(({ kind }) => kind === 'completed');
  const notes = [...run.notes, rolledBackNote(turn.reason), ...(isVoid ? [completionVoidNote()] : [])];
  const lasting = turn.effects.filter(({ kind }) => kind !== 'completed');
  return withEffects({ ...run, lostTurns, notes }, lasting);
}

function afterSealed(before: AgentRunState, turn: Extract<TurnOutcome, { kind: 'sealed' }>): AgentRunState {
  const run = toldNotKept(before, turn.notKept ?? {});
  const sealed = withEffects(
    { ...run, lostTurns: 0, silentTurns: turn.silent ? run.silentTurns + 1 : 0 },
    turn.effects,
  );
  if (sealed.ending) return sealed;
  if (turn.stuck) return { ...sealed, ending: agentFailed('stuck: five equal calls with equal results') };
  if (!turn.silent) return sealed;
  return sealed.silentTurns >= MAX_SILENT_TURNS
    ? { ...sealed, ending: agentFailed(`${MAX_SILENT_TURNS} replies in a row without a tool call`) }
    : { ...sealed, notes: [...sealed.notes, silentNote(sealed.silentTurns)] };
}

/** Each file is told of once; what is there again after it was gone is told again. */
function toldNotKept(run: AgentRunState, { ignored = [], refused }: NotKept): AgentRunState {
  const { toldNotKept: told = [], ...rest } = run;
  const bad = refused ? (refused.paths.length > 0 ? refused.paths : [refused.why]) : [];
  const fresh = ignored.filter((path) => !told.includes(path));
  const notes = [
    ...run.notes,
    ...(fresh.length === 0 ? [] : [ignoredNote(fresh)]),
    ...(refused && bad.some((path) => !told.includes(path)) ? [cannotKeepNote(refused)] : []),
  ];
  // A tree that git cannot keep was not looked through for ignored files: those told of stay so.
  const all = refused ? [...new Set([...told, ...bad])] : ignored;
  return all.length === 0 ? { ...rest, notes } : { ...rest, notes, toldNotKept: all };
}

const agentFailed = (reason: string): Ending => ({ kind: 'failed', reason, agentFault: true });

function withEffects(before: AgentRunState, effects: readonly ToolEffect[]): AgentRunState {
  let run = before;
  for (const effect of effects) {
    if (effect.kind !== 'asked') {
      run = run.ending ? run : { ...run, ending: effect };
      continue;
    }
    const { mailId, of } = effect;
    // The answer may have come while the turn was being sealed.
    if (!run.answered.includes(mailId)) run = { ...run, asked: [...run.asked, { mailId, of }] };
  }
  return run;
}
