import { readPlan } from '../../../domain/plan/normalise.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import { appendEvent } from '../../../infra/pg/events.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { Tx } from '../../../infra/pg/statement.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import type { ProgramOutcome, RunProgramInput } from '../../../workflows/contract/activities/agents.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { endClaim } from '../../store/claim.repository.js';
import { refreshRunTotals, reserve, settle } from '../../store/usage.repository.js';
import { mailSend } from '../tools/mail-tools.js';
import { storeModelPlan } from '../tools/plan-store.js';
import type { StoreToolCall } from '../tools/store-tool.js';
import { toToolError } from '../tools/tool-error.js';
import type { ProgramMail, ProgramResult, ProgramUsage } from './result.js';
import type { ProgramEnd } from './run-program.js';

export interface RecordDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
}

const NO_MODEL = 'unknown';
/** Tool name of the claim. */
export const PROGRAM = 'program';

/** The fence is of one scheduling of the activity: a later one begins anew, on files that were rolled back. */
export const callIdOf = ({ fence }: RunProgramInput): string => `${PROGRAM}/${fence}`;

export interface Ended {
  readonly run: AgentRun;
  readonly input: RunProgramInput;
  readonly end: ProgramEnd;
  /** Whether it bought replies from the broker, whose books then say what it used. */
  readonly hasBought: boolean;
}

/** Mail, plan, usage and the end of the claim in one transaction: a dead attempt leaves all or nothing. */
export const recordEnd = async (deps: RecordDeps, ended: Ended): Promise<ProgramOutcome> => {
  const { end } = ended;
  const logRef = await deps.blobs.put(end.log);
  try {
    return await withTransaction(deps.pools.writes, (tx) => keep(deps, tx, ended, logRef));
  } catch (error) {
    // What the program wrote was refused, such as a mail to nobody: that is its failure, and its log is kept.
    const refused = toToolError(error);
    if (!refused) throw error;
    const failed: ProgramEnd = { kind: 'failed', reason: refused.message, log: end.log };
    return withTransaction(deps.pools.writes, (tx) => keep(deps, tx, { ...ended, end: failed }, logRef));
  }
};

const keep = async (
  deps: RecordDeps,
  tx: Tx,
  { run, input, end, hasBought }: Ended,
  logRef: string,
): Promise<ProgramOutcome> => {
  const { runId, turn } = input;
  const outcome = end.kind === 'ended' ? await outcomeOf(tx, run, input, end.result) : outcomeOfFailure(end);
  const resultRef = await deps.blobs.put(JSON.stringify({ outcome, logRef }));
  await endClaim(tx, { runId, turn, callId: callIdOf(input), state: 'done', resultRef });
  if (end.kind === 'ended' && !hasBought) await recordUsage(tx, run, turn, end.result?.usage);
  await appendEvent(tx, {
    projectId: run.projectId,
    ...(run.epicId === null ? {} : { epicId: run.epicId }),
    ...(run.taskId === null ? {} : { taskId: run.taskId }),
    runId,
    type: 'run.program',
    data: { turn, outcome: outcome.kind, logRef },
  });
  return outcome;
};

const outcomeOfFailure = (end: Exclude<ProgramEnd, { kind: 'ended' }>): ProgramOutcome => {
  if (end.kind === 'timeout') return { kind: 'timeout', reason: end.reason };
  return { kind: 'failed', reason: end.reason, ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }) };
};

const outcomeOf = async (
  tx: Tx,
  run: AgentRun,
  input: RunProgramInput,
  result: ProgramResult | undefined,
): Promise<ProgramOutcome> => {
  if (result === undefined) return isPlanning(run) ? NO_PLAN : { kind: 'complete', summary: '' };
  const { status, summary, mail } = result;
  if (status === 'question') {
    const asked = mail ?? { subject: summary.trim().split('\n')[0] || 'Question', body: summary };
    return ask(tx, run, input, asked);
  }
  if (mail) await send(tx, run, input, mail, false);
  if (status === 'blocked') return { kind: 'blocked', reason: summary || 'The program said no reason.' };
  return isPlanning(run) ? storePlan(tx, run, result) : { kind: 'complete', summary };
};

const isPlanning = ({ kind, epicId }: AgentRun): boolean => kind === 'planning' && epicId !== null;
const NO_PLAN: ProgramOutcome = { kind: 'failed', reason: 'A planning run must write a result with a plan.' };

const storePlan = async (tx: Tx, run: AgentRun, { plan, summary }: ProgramResult): Promise<ProgramOutcome> => {
  if (plan === undefined || run.epicId === null) return NO_PLAN;
  const reading = readPlan(plan);
  if (reading.kind !== 'plan') return { kind: 'failed', reason: `The plan is not valid: ${reading.errors.join('; ')}` };
  const planVersion = await storeModelPlan(tx, run.epicId, reading.plan, run.agentName);
  return { kind: 'complete', summary, planVersion };
};

const ask = async (tx: Tx, run: AgentRun, input: RunProgramInput, mail: ProgramMail): Promise<ProgramOutcome> => {
  const effect = await mailSend.effectOf?.(await send(tx, run, input, mail, true), tx);
  if (effect?.kind !== 'asked') throw new Error('a question that nobody waits for');
  return { kind: 'question', mailId: effect.mailId, of: effect.of };
};

const send = async (
  tx: Tx,
  run: AgentRun,
  input: RunProgramInput,
  mail: ProgramMail,
  needsAnswer: boolean,
): Promise<StoreToolCall> => {
  const above = run.taskId === null ? 'human' : 'supervisor';
  const { subject, body, to = above } = mail;
  const call: StoreToolCall = {
    run,
    turn: input.turn,
    callId: callIdOf(input),
    input: { to, subject: subject.slice(0, 200), body, needs_answer: needsAnswer },
  };
  await mailSend.run(call, tx);
  return call;
};

/** What the program says it used: it may not be true, but it is all there is. */
const recordUsage = async (tx: Tx, run: AgentRun, turn: number, used: ProgramUsage | undefined): Promise<void> => {
  const usage = {
    inputTokens: used?.inputTokens ?? 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
    cacheReadTokens: used?.cachedTokens ?? 0,
    outputTokens: used?.outputTokens ?? 0,
  };
  const costMicroUsd = used?.costMicroUsd ?? 0;
  const { runId, taskId, epicId, projectId } = run;
  const attempt = await reserve(tx, {
    runId,
    turn,
    taskId,
    epicId,
    projectId,
    model: run.model ?? NO_MODEL,
    worst: usage,
    costMicroUsd,
  });
  await settle(tx, { runId, turn, attempt }, { usage, costMicroUsd, isKept: true });
  await refreshRunTotals(tx, runId);
};
