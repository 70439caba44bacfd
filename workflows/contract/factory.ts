// The language of `factory`: admission, sweep, pause and thaw of everything.
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ControlCommand, PausedBy } from './messages.js';
import type { Tuning } from './tuning.js';

/** Workflow `factory`, id `factory`; one for ever, continues as new. */
export type FactoryWorkflow = (input: FactoryInput) => Promise<never>;

export interface FactoryLimits {
  /** Epics admitted at once (5). */
  readonly maxEpics: number;
  /** Sum of slots (10). */
  readonly maxWorkers: number;
}

export interface FactoryInput {
  readonly tuning: Tuning;
  readonly limits: FactoryLimits;
  /** Between sweeps; default 5 minutes. */
  readonly sweepMs?: number;
  readonly maxEvents?: number;
  /** Between looks at a forge that no delivery asked for; default 60 s while work is open, else 5 minutes. */
  readonly lookEvery?: { readonly openMs: number; readonly idleMs: number };
  /** First wait before a project is tried again whose import or checks could not be run; doubled each time. */
  readonly retryMs?: number;
  /** What the rows say of a factory that the engine has forgotten. */
  readonly restored?: RestoredFactory;
  /** Set by continue-as-new only; its shape belongs to factory.state.ts. */
  readonly carried?: unknown;
}

export interface RestoredFactory {
  readonly isPaused: boolean;
  /** Ids of the agents whose rows say FAILED. */
  readonly crashLoops: readonly string[];
  /** Projects whose rows say `importing`, and whose signal has been sent. */
  readonly projects: readonly string[];
  /** Projects whose forge others change too. */
  readonly forges: readonly string[];
}

/** One holder of admission: an epic, a lone task, or a queue that only wants to hear of holds. */
export interface Holder {
  readonly workflowId: string;
  /** 1 (first) to 5. */
  readonly priority: number;
  /** Tasks it could run at once; 0 = none now. */
  readonly wants: number;
  readonly slots: number;
  /** Position of its first ask: earlier goes first among equals. */
  readonly seq: number;
  /** What it may use of an earlier share, or said that it uses; at least the lesser of `slots` and `wants` counts. */
  readonly inUse?: number;
  /** `inUse` is what it said itself, and not merely what it may use. */
  readonly exact?: boolean;
  /** The last share it was told asks for an answer. */
  readonly answers?: boolean;
  /** How often it was told a share. */
  readonly tellings: number;
  /** What it was told last, or said that it believes. */
  readonly toldSlots?: number;
  readonly toldHeld?: boolean;
}

export interface AskAdmission {
  readonly workflowId: string;
  readonly priority: number;
  readonly wants: number;
  /** Slots that its runs hold now, said while they are more than its share. Absent: all of its share that it wants. */
  readonly inUse?: number;
  /** `nth` of the last `admitted` heard (0 = none yet). Absent: its first ask, or a holder that does not count. */
  readonly heard?: number;
  /** What it believes to have, never above `wants`: an equal share is not told. Absent: the answer is sent in any case. */
  readonly slots?: number;
  /** Whether it believes to be held by the factory. Absent: not. */
  readonly held?: boolean;
}

export interface FactoryView {
  readonly pausedBy: readonly PausedBy[];
  readonly limits: FactoryLimits;
  readonly holders: readonly Holder[];
  /** Agent ids that are not started until somebody clears them. */
  readonly crashLoops: readonly string[];
  /** Projects that are being imported and checked. */
  readonly projects: readonly string[];
  /** Projects whose forge is looked at, because others change it too. */
  readonly forges: readonly string[];
}

export const factoryPauseUpdate = defineUpdate<FactoryView, [ControlCommand]>('pause');
export const factoryThawUpdate = defineUpdate<FactoryView, [ControlCommand]>('thaw');
export const factorySetLimitsUpdate = defineUpdate<FactoryView, [ControlCommand & { readonly limits: FactoryLimits }]>(
  'setLimits',
);
export const factoryClearCrashLoopUpdate = defineUpdate<FactoryView, [ControlCommand & { readonly agentId: string }]>(
  'clearCrashLoop',
);
/** Repeated whenever `wants` changes; the answer is signal `admitted`. */
export const factoryAskAdmissionSignal = defineSignal<[AskAdmission]>('askAdmission');
export const factoryEndAdmissionSignal = defineSignal<[{ readonly workflowId: string }]>('endAdmission');
/** The agent crashes again and again: its row says FAILED, and no run of it is opened until it is cleared. */
export const factoryAgentCrashedSignal = defineSignal<[{ readonly agentId: string }]>('agentCrashed');
/** A project's row is `importing`: import, inspect, check the tip. */
export const factoryProjectChangedSignal = defineSignal<[{ readonly projectId: string }]>('projectChanged');
/** Deliveries of the forge about the project wait in the inbox. One signal may stand for many. */
export const factoryForgeHintedSignal = defineSignal<[{ readonly projectId: string }]>('forgeHinted');
export const factoryStatusQuery = defineQuery<FactoryView>('status');
