// State of the factory: plain JSON that crosses continue-as-new. Pure.
import { type AdmissionHolder, admit } from '../../domain/admission.js';
import { type Crash, isCrashLoop, withCrash } from '../../domain/crash-loop.js';
import type { AskAdmission, FactoryInput, FactoryLimits, FactoryView, Holder } from '../contract/factory.js';
import { parseWorkflowId } from '../contract/ids.js';
import type { PausedBy } from '../contract/messages.js';

/** A project whose row says `importing`. */
export interface ProjectJob {
  readonly projectId: string;
  /** It changed again while it was worked on. */
  readonly again: boolean;
  readonly running: boolean;
  readonly tries: number;
  readonly notBeforeMs: number;
}

/** An agent's row that must still follow. */
export interface AgentMark {
  readonly agentId: string;
  readonly state: 'FAILED' | 'IDLE';
  readonly reason: string;
  readonly by?: string;
}

export interface Factory {
  readonly limits: FactoryLimits;
  readonly pausedBy: readonly PausedBy[];
  readonly holders: readonly Holder[];
  readonly nextSeq: number;
  readonly projects: readonly ProjectJob[];
  readonly crashes: readonly Crash[];
  readonly crashLoops: readonly string[];
  readonly marks: readonly AgentMark[];
  readonly nextSweepAtMs: number;
}

export const SWEEP_MS = 5 * 60_000;

/** @param input its limits count for the first run only: later ones are set by people */
export const restore = (input: FactoryInput, nowMs: number): Factory =>
  (input.carried as Factory | undefined) ?? {
    limits: input.limits,
    pausedBy: [],
    holders: [],
    nextSeq: 1,
    projects: [],
    crashes: [],
    crashLoops: [],
    marks: [],
    nextSweepAtMs: nowMs + (input.sweepMs ?? SWEEP_MS),
  };

/** What runs is begun anew: each of its steps may be repeated. */
export const carry = (factory: Factory): Factory => ({
  ...factory,
  projects: factory.projects.map((job) => ({ ...job, running: false })),
});

export const viewOf = (factory: Factory): FactoryView => ({
  pausedBy: factory.pausedBy,
  limits: factory.limits,
  holders: factory.holders,
  crashLoops: factory.crashLoops,
  projects: factory.projects.map(({ projectId }) => projectId),
});

/** Shares follow every change of who wants what. */
export function shared(factory: Factory): Factory {
  const shares = admit(factory.holders.map(admissionHolder), factory.limits);
  return {
    ...factory,
    holders: factory.holders.map((holder, index) => ({ ...holder, slots: shares[index]?.slots ?? 0 })),
  };
}

function admissionHolder(holder: Holder): AdmissionHolder {
  const kind = parseWorkflowId(holder.workflowId)?.kind;
  const { workflowId: id, priority, wants, slots, seq } = holder;
  // Whoever does not say what it uses keeps what it was given for as long as it wants any.
  const inUse = holder.inUse ?? Math.min(slots, wants);
  return { id, kind: kind === 'epic' || kind === 'task' ? kind : 'other', priority, wants, slots, inUse, seq };
}

export function asked(factory: Factory, ask: AskAdmission): Factory {
  const { workflowId, priority, wants, inUse, slots, held } = ask;
  if (!parseWorkflowId(workflowId)) return factory;
  const known = factory.holders.find((holder) => holder.workflowId === workflowId);
  const holder: Holder = {
    workflowId,
    priority,
    wants,
    slots: known?.slots ?? 0,
    seq: known?.seq ?? factory.nextSeq,
    toldHeld: held ?? false,
    ...(inUse === undefined ? {} : { inUse }),
    // Its own belief counts: a life that began anew knows nothing of what its predecessor was told.
    ...(slots === undefined ? {} : { toldSlots: slots }),
  };
  return shared({
    ...factory,
    nextSeq: known ? factory.nextSeq : factory.nextSeq + 1,
    holders: known ? factory.holders.map((one) => (one === known ? holder : one)) : [...factory.holders, holder],
  });
}

export const left = (factory: Factory, workflowIds: readonly string[]): Factory =>
  shared({ ...factory, holders: factory.holders.filter(({ workflowId }) => !workflowIds.includes(workflowId)) });

export interface Telling {
  readonly workflowId: string;
  readonly slots?: number;
  readonly held?: boolean;
}

/** What holders do not know yet. Queues want no slots: they only hear of holds. */
export function tellings(factory: Factory): readonly Telling[] {
  const held = factory.pausedBy.length > 0;
  return factory.holders.flatMap(({ workflowId, slots, toldSlots, toldHeld }) => {
    const hears = parseWorkflowId(workflowId)?.kind !== 'queue' && toldSlots !== slots ? { slots } : {};
    const hold = (toldHeld ?? false) === held ? {} : { held };
    const telling = { workflowId, ...hears, ...hold };
    return Object.keys(telling).length > 1 ? [telling] : [];
  });
}

export const told = (factory: Factory, said: readonly Telling[]): Factory => ({
  ...factory,
  holders: factory.holders.map((holder) => {
    const telling = said.find(({ workflowId }) => workflowId === holder.workflowId);
    return {
      ...holder,
      ...(telling?.slots === undefined ? {} : { toldSlots: telling.slots }),
      ...(telling?.held === undefined ? {} : { toldHeld: telling.held }),
    };
  }),
});

export function agentCrashed(factory: Factory, crash: Crash): Factory {
  const crashes = withCrash(factory.crashes, crash);
  const { agentId } = crash;
  if (factory.crashLoops.includes(agentId) || !isCrashLoop(crashes, agentId, crash.atMs))
    return { ...factory, crashes };
  const reason = 'three crashes within a minute: it is not started again until somebody clears it';
  return {
    ...factory,
    crashes,
    crashLoops: [...factory.crashLoops, agentId],
    marks: [...factory.marks, { agentId, state: 'FAILED', reason }],
  };
}
