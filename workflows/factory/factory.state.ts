// State of the factory: plain JSON that crosses continue-as-new. Pure.
import { type AdmissionHolder, admit } from '../../domain/admission.js';
import type { FactoryHold } from '../contract/activities/fleet.js';
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

/** A project whose forge is looked at: others change it too. */
export interface ForgeJob {
  readonly projectId: string;
  /** A delivery waits to be handled. */
  readonly hinted: boolean;
  readonly running: boolean;
  /** Failed looks in a row. */
  readonly tries: number;
  /** When everything is looked at next, delivery or not. */
  readonly dueAtMs: number;
  readonly notBeforeMs: number;
}

/** A cleared agent, whose row must still follow. */
export interface AgentMark {
  readonly agentId: string;
  readonly reason: string;
  readonly by: string;
}

export interface Factory {
  readonly limits: FactoryLimits;
  readonly pausedBy: readonly PausedBy[];
  /** The row must still follow: with it a hold outlives the engine's store. */
  readonly unsavedHold?: FactoryHold;
  readonly holders: readonly Holder[];
  readonly nextSeq: number;
  readonly projects: readonly ProjectJob[];
  readonly forges: readonly ForgeJob[];
  readonly crashLoops: readonly string[];
  readonly marks: readonly AgentMark[];
  readonly nextSweepAtMs: number;
}

export const newJob = (projectId: string, nowMs: number): ProjectJob => ({
  projectId,
  again: false,
  running: false,
  tries: 0,
  notBeforeMs: nowMs,
});

export const newForge = (projectId: string, nowMs: number): ForgeJob => ({
  projectId,
  hinted: false,
  running: false,
  tries: 0,
  dueAtMs: nowMs,
  notBeforeMs: 0,
});

export const SWEEP_MS = 5 * 60_000;

/** @param input its limits, and what is restored, count for the first run only: later ones are set by people */
export const restore = (input: FactoryInput, nowMs: number): Factory =>
  (input.carried as Factory | undefined) ?? {
    limits: input.limits,
    pausedBy: input.restored?.isPaused ? ['person'] : [],
    holders: [],
    nextSeq: 1,
    projects: (input.restored?.projects ?? []).map((projectId) => newJob(projectId, nowMs)),
    forges: (input.restored?.forges ?? []).map((projectId) => newForge(projectId, nowMs)),
    crashLoops: input.restored?.crashLoops ?? [],
    marks: [],
    nextSweepAtMs: nowMs + (input.sweepMs ?? SWEEP_MS),
  };

/** What runs is begun anew: each of its steps may be repeated. */
export const carry = (factory: Factory): Factory => ({
  ...factory,
  projects: factory.projects.map((job) => ({ ...job, running: false })),
  // What ran may have been cut off between two deliveries.
  forges: factory.forges.map((job) => ({ ...job, running: false, hinted: job.hinted || job.running })),
});

export const viewOf = (factory: Factory): FactoryView => ({
  pausedBy: factory.pausedBy,
  limits: factory.limits,
  holders: factory.holders,
  crashLoops: factory.crashLoops,
  projects: factory.projects.map(({ projectId }) => projectId),
  forges: factory.forges.map(({ projectId }) => projectId),
});

/** Shares follow every change of who wants what. */
export function shared(factory: Factory): Factory {
  const shares = admit(factory.holders.map(admissionHolder), factory.limits);
  return {
    ...factory,
    holders: factory.holders.map((holder, index) => withShare(holder, shares[index]?.slots ?? 0)),
  };
}

/** Whoever is told a lower share may use all that it had, until it answers what it does use. */
function withShare(holder: Holder, slots: number): Holder {
  const inUse = inUseOf(holder);
  if (slots >= inUse || (holder.exact && inUse === holder.inUse)) return { ...holder, slots };
  return { ...holder, slots, inUse, exact: false };
}

/** Whoever has a share may use all of it that it wants at any moment, and says what it uses above that. */
const inUseOf = ({ inUse, slots, wants }: Holder): number => Math.max(inUse ?? 0, Math.min(slots, wants));

function admissionHolder(holder: Holder): AdmissionHolder {
  const kind = parseWorkflowId(holder.workflowId)?.kind;
  const { workflowId: id, priority, wants, slots, seq } = holder;
  const inUse = inUseOf(holder);
  return { id, kind: kind === 'epic' || kind === 'task' ? kind : 'other', priority, wants, slots, inUse, seq };
}

export function asked(factory: Factory, ask: AskAdmission): Factory {
  const { workflowId, priority, wants, inUse, slots, held, heard } = ask;
  if (!parseWorkflowId(workflowId)) return factory;
  const known = factory.holders.find((holder) => holder.workflowId === workflowId);
  const said = inUse ?? Math.min(slots ?? 0, wants);
  // It was sent before our last word arrived: until that is answered, any share it may still hear of counts.
  const crossed = known !== undefined && heard !== undefined && heard !== known.tellings ? known : undefined;
  const believes = crossed ? crossed.toldSlots : slots;
  const holder: Holder = {
    workflowId,
    priority,
    wants,
    slots: known?.slots ?? 0,
    seq: known?.seq ?? factory.nextSeq,
    toldHeld: held ?? false,
    inUse: crossed ? Math.max(inUseOf(crossed), said) : said,
    exact: inUse !== undefined && !crossed,
    answers: crossed?.answers ?? false,
    tellings: heard === undefined ? 0 : (known?.tellings ?? heard),
    // Its own belief counts: a life that began anew knows nothing of what its predecessor was told.
    ...(believes === undefined ? {} : { toldSlots: believes }),
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
  readonly share?: { readonly slots: number; readonly nth: number; readonly answer: boolean };
  readonly held?: boolean;
}

/** What holders do not know yet. Queues want no slots: they only hear of holds. */
export function tellings(factory: Factory): readonly Telling[] {
  const held = factory.pausedBy.length > 0;
  return factory.holders.flatMap((holder) => {
    const { workflowId, slots, toldSlots, toldHeld } = holder;
    const answer = !holder.exact && inUseOf(holder) > slots;
    const news = toldSlots !== slots || (answer && !holder.answers);
    const share = { slots, nth: holder.tellings + 1, answer };
    const hears = parseWorkflowId(workflowId)?.kind !== 'queue' && news ? { share } : {};
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
      ...(telling?.share === undefined ? {} : { toldSlots: telling.share.slots, tellings: telling.share.nth }),
      ...(telling?.share === undefined ? {} : { answers: telling.share.answer }),
      ...(telling?.held === undefined ? {} : { toldHeld: telling.held }),
    };
  }),
});

/** Its row is FAILED already. */
export const agentCrashed = (factory: Factory, agentId: string): Factory =>
  factory.crashLoops.includes(agentId) ? factory : { ...factory, crashLoops: [...factory.crashLoops, agentId] };
