// Pure: the order of calls of one turn. Activities, fences and cancellation are injected.
import type {
  CallModelInput,
  ModelStep,
  SealTurnInput,
  SealTurnOutcome,
  StepInput,
  ToolCallInput,
  ToolCallRef,
  ToolEffect,
  ToolOutcome,
} from '../contract/activities/agents.js';
import type { RunHost } from '../contract/agent-run.js';
import type { TreeFence } from '../contract/fence.js';
import type { Fault } from '../support/fault.js';
import type { TurnOutcome } from './outcomes.js';

/** What both backends need around a step. */
export interface StepPorts {
  /** On the tree's host; `null` = the shared queue, for a turn that is sealed without its files. */
  readonly seal: (host: RunHost | null, input: Omit<SealTurnInput, 'projectId' | 'taskId'>) => Promise<SealTurnOutcome>;
  /** Claims a host and makes the tree anew as it was at the start of this turn. */
  readonly rebuild: () => Promise<RunHost>;
  readonly fence: () => TreeFence;
  readonly uncancelled: <T>(work: () => Promise<T>) => Promise<T>;
  readonly faultOf: (error: unknown) => Fault;
}

export interface TurnPorts extends StepPorts {
  readonly callModel: (input: CallModelInput) => Promise<ModelStep>;
  readonly runTool: (host: RunHost, call: ToolCallRef, input: ToolCallInput) => Promise<ToolOutcome>;
  /** Resolves when nothing holds the run: asked before every call, for a call in flight ends but none follows it. */
  readonly released: () => Promise<void>;
}

export interface TurnInput {
  readonly runId: string;
  readonly turn: number;
  readonly host: RunHost;
  readonly mailIds: readonly string[];
  readonly notes: readonly string[];
  readonly budgetGrants: number;
}

/** Model call, its tool calls in order, seal. Never throws for a failed activity: every ending is a value. */
export async function takeTurn(ports: TurnPorts, input: TurnInput): Promise<TurnOutcome> {
  const { runId, turn, host, mailIds, notes, budgetGrants } = input;
  const step = (): StepInput => ({ runId, turn, fence: ports.fence() });
  let reply: ModelStep;
  try {
    await ports.released();
    reply = await ports.callModel({ ...step(), mailIds, notes, budgetGrants });
  } catch (error) {
    return modelFault(ports.faultOf(error), host);
  }
  if (reply.kind === 'budget') return { kind: 'budget', host, hit: reply.hit };
  const calls = reply.kind === 'calls' ? reply.calls : [];
  const tools = await runTools(ports, step, host, calls);
  const sealed = await sealTurn(ports, step, tools, calls);
  if (sealed.kind !== 'sealed') return sealed;
  if (reply.kind === 'refused') return { kind: 'failed', host, reason: reply.reason, agentFault: true };
  return { ...sealed, silent: reply.kind === 'silent' };
}

/** A key or a request that the provider refuses stays refused, whatever an agent answers. */
const isForPeople = (type: string): boolean => type === 'InvalidInput' || type === 'PermissionDenied';

function modelFault(fault: Fault, host: RunHost): TurnOutcome {
  if (fault.kind === 'cancelled') return { kind: 'interrupted', host };
  const { type, message } = fault;
  if (type === 'QuotaExhausted')
    return { kind: 'quota', host, ...(fault.resetAtMs === undefined ? {} : { untilMs: fault.resetAtMs }) };
  if (type === 'MalformedReply') return { kind: 'malformed', host, reason: message };
  // The model activity compacts what is too large; if it still is, a new attempt with a fresh context may fit.
  const agentFault = type === 'ContextTooLarge';
  return { kind: 'failed', host, reason: message, agentFault, ...(isForPeople(type) ? { needsPerson: true } : {}) };
}

interface ToolsDone {
  readonly host: RunHost;
  readonly effects: readonly ToolEffect[];
  readonly end: 'done' | 'interrupted' | { readonly lost: string } | { readonly superseded: string };
}

async function runTools(
  ports: TurnPorts,
  step: () => StepInput,
  start: RunHost,
  calls: readonly ToolCallRef[],
): Promise<ToolsDone> {
  let host = start;
  let touched = false;
  const effects: ToolEffect[] = [];
  for (const call of calls) {
    for (let moved = false; ; moved = true) {
      try {
        await ports.released();
        const treeId = call.where === 'host' ? { treeId: host.treeId } : {};
        const { effect } = await ports.runTool(host, call, { ...step(), callId: call.callId, ...treeId });
        if (effect) effects.push(effect);
        break;
      } catch (error) {
        const fault = ports.faultOf(error);
        if (fault.kind === 'cancelled') return { host, effects, end: 'interrupted' };
        if (fault.type === 'Superseded') return { host, effects, end: { superseded: fault.message } };
        // Nothing of this turn is on the old host yet, and this call never began: it may begin elsewhere, once.
        if (call.where === 'store' || !fault.neverStarted || touched || moved)
          return { host, effects, end: { lost: fault.message } };
        const elsewhere = await rebuilt(ports);
        if (elsewhere.kind !== 'host')
          return { host, effects, end: elsewhere.kind === 'interrupted' ? 'interrupted' : { lost: elsewhere.reason } };
        host = elsewhere.host;
      }
    }
    touched ||= call.where === 'host';
    // What follows a call that ends the run has no meaning any more.
    if (effects.some(({ kind }) => kind !== 'asked')) break;
  }
  return { host, effects, end: 'done' };
}

type Sealed = Exclude<TurnOutcome, { kind: 'budget' | 'quota' | 'malformed' }>;

async function sealTurn(
  ports: TurnPorts,
  step: () => StepInput,
  { host, effects, end }: ToolsDone,
  calls: readonly ToolCallRef[],
): Promise<Sealed> {
  const callIds = calls.map(({ callId }) => callId);
  if (typeof end === 'object') {
    const reason = 'lost' in end ? end.lost : end.superseded;
    await sealLost(ports, step, callIds);
    if ('superseded' in end) return { kind: 'lost', host, reason };
    return rollBack(ports, { host, effects, reason });
  }
  const seal = () => ports.seal(host, { ...step(), treeId: host.treeId, callIds, lost: false });
  try {
    // A stop waits for this seal: finished calls keep their results and the files their checkpoint.
    const { checkpointSha, stuck, ignored, refused } = await ports.uncancelled(seal);
    const left = { ...(ignored ? { ignored } : {}), ...(refused ? { refused } : {}) };
    const notKept = ignored || refused ? { notKept: left } : {};
    const checkpoint = checkpointSha === undefined ? {} : { checkpointSha };
    if (end === 'interrupted') return { kind: 'interrupted', host, ...checkpoint };
    return { kind: 'sealed', host, effects, stuck, silent: false, ...notKept, ...checkpoint };
  } catch (error) {
    const fault = ports.faultOf(error);
    await sealLost(ports, step, callIds);
    if (end === 'interrupted' || fault.kind === 'cancelled') return { kind: 'interrupted', host };
    if (fault.type === 'Superseded') return { kind: 'lost', host, reason: fault.message };
    return rollBack(ports, { host, effects, reason: fault.message });
  }
}

/** Keeps the results that are there; the files of the turn are given up. */
export async function sealLost(ports: StepPorts, step: () => StepInput, callIds: readonly string[]): Promise<void> {
  try {
    await ports.uncancelled(() => ports.seal(null, { ...step(), callIds, lost: true }));
  } catch (error) {
    // The transcript then ends with open calls, which the next model call is shown as unknown; the bug is rethrown.
    ports.faultOf(error);
  }
}

/** The turn's files are made anew where a host can be claimed. */
export async function rollBack(
  ports: StepPorts,
  { host, effects, reason }: { host: RunHost; effects: readonly ToolEffect[]; reason: string },
): Promise<Sealed> {
  const elsewhere = await rebuilt(ports);
  if (elsewhere.kind === 'host') return { kind: 'rolledBack', host: elsewhere.host, effects, reason };
  if (elsewhere.kind === 'interrupted') return { kind: 'interrupted', host };
  return { kind: 'lost', host, reason: elsewhere.reason };
}

async function rebuilt(
  ports: StepPorts,
): Promise<
  | { readonly kind: 'host'; readonly host: RunHost }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'impossible'; readonly reason: string }
> {
  try {
    return { kind: 'host', host: await ports.rebuild() };
  } catch (error) {
    const fault = ports.faultOf(error);
    return fault.kind === 'cancelled' ? { kind: 'interrupted' } : { kind: 'impossible', reason: fault.message };
  }
}
