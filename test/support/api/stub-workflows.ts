// Workflows under the contract's names that keep what they were told. For the API's tests only.

import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, condition, defineQuery, setHandler } from '@temporalio/workflow';
import type { QueueView, WhyView } from '../../../domain/merge/view-model.js';
import { runStopUpdate } from '../../../workflows/contract/agent-run.js';
import {
  epicAddTaskUpdate,
  epicApprovePlanUpdate,
  epicCancelTaskUpdate,
  epicEditPlanUpdate,
  epicLandUpdate,
  epicRetryFailedUpdate,
  epicRetryTaskUpdate,
} from '../../../workflows/contract/epic.js';
import {
  type FactoryView,
  factoryClearCrashLoopUpdate,
  factoryPauseUpdate,
  factoryStatusQuery,
  factoryThawUpdate,
} from '../../../workflows/contract/factory.js';
import {
  type MergeQueueInput,
  mergeQueueEntriesQuery,
  mergeQueueOpenLaneUpdate,
  mergeQueuePauseLaneUpdate,
  mergeQueueReprioritiseUpdate,
  mergeQueueWhyQuery,
  mergeQueueWithdrawUpdate,
} from '../../../workflows/contract/merge-queue.js';
import {
  type ControlCommand,
  type ControlView,
  cancelUpdate,
  pauseUpdate,
  resumeUpdate,
} from '../../../workflows/contract/messages.js';

export interface Told {
  readonly name: string;
  readonly command: unknown;
}

export const toldQuery = defineQuery<readonly Told[]>('told');

/** Takes commands until it is cancelled; refuses an old revision, and what `refusals` names. */
const takeCommands = async (
  updates: readonly UpdateDefinition<ControlView, [ControlCommand]>[],
  refusals: readonly string[],
): Promise<void> => {
  const told: Told[] = [];
  let revision = 3;
  let isOver = false;
  for (const update of updates) {
    setHandler(
      update,
      (command) => {
        told.push({ name: update.name, command });
        revision += 1;
        isOver ||= update.name === 'cancel';
        const pausedBy = update.name === 'pause' ? (['person'] as const) : [];
        return { state: isOver ? 'CANCELLED' : 'IN_PROGRESS', revision, pausedBy, waitingFor: 'a test' };
      },
      {
        validator: (command) => {
          if (refusals.includes(update.name)) throw ApplicationFailure.nonRetryable('Not now.', 'InvalidState');
          if (command.expectedRevision !== undefined && command.expectedRevision !== revision) {
            throw ApplicationFailure.nonRetryable('It has moved on.', 'StaleVersion');
          }
        },
      },
    );
  }
  setHandler(toldQuery, () => told);
  await condition(() => isOver);
};

interface StubInput {
  readonly refusals?: readonly string[];
}

const PLAIN = [pauseUpdate, resumeUpdate, cancelUpdate];

export const epic = ({ refusals = [] }: StubInput): Promise<void> =>
  takeCommands(
    [
      ...PLAIN,
      epicApprovePlanUpdate,
      epicEditPlanUpdate,
      epicLandUpdate,
      epicRetryFailedUpdate,
      epicRetryTaskUpdate,
      epicCancelTaskUpdate,
      epicAddTaskUpdate,
      // Each command has more fields than every one has; the stub only keeps them.
    ] as readonly UpdateDefinition<ControlView, [ControlCommand]>[],
    refusals,
  );

export const task = ({ refusals = [] }: StubInput): Promise<void> => takeCommands(PLAIN, refusals);

export const agentRun = ({ refusals = [] }: StubInput): Promise<void> =>
  takeCommands([...PLAIN, runStopUpdate as UpdateDefinition<ControlView, [ControlCommand]>], refusals);

export async function factory(): Promise<void> {
  let view: FactoryView = {
    pausedBy: [],
    limits: { maxEpics: 5, maxWorkers: 10 },
    holders: [],
    crashLoops: [],
    projects: [],
    forges: [],
  };
  setHandler(factoryStatusQuery, () => view);
  setHandler(factoryPauseUpdate, () => {
    view = { ...view, pausedBy: ['person'] };
    return view;
  });
  setHandler(factoryClearCrashLoopUpdate, () => view);
  setHandler(factoryThawUpdate, () => {
    view = { ...view, pausedBy: [] };
    return view;
  });
  await condition(() => false);
}

export async function mergeQueue({ projectId, branch }: MergeQueueInput): Promise<void> {
  const told: Told[] = [];
  let view: QueueView = {
    queueId: `merge-queue/${projectId}/${branch}`,
    tip: 'c'.repeat(40),
    lane: { mode: 'open', pausedBy: [], draining: false, by: 'system', reason: '', sinceMs: 0 },
    slots: { used: 0, budget: 1 },
    entries: [],
    ended: [],
  };
  setHandler(toldQuery, () => told);
  setHandler(mergeQueueEntriesQuery, () => view);
  setHandler(mergeQueueWhyQuery, (entryId): WhyView | undefined => {
    const why = { kind: 'NO_SLOT', used: 1, budget: 1 } as const;
    if (!entryId.startsWith('0')) return undefined;
    const entry = {
      entryId,
      prNumber: 7,
      title: 'A change',
      state: 'queued',
      position: 1,
      priority: 1,
      fixesBase: false,
      status: 'waiting',
      why,
      etaMs: null,
      etaHighMs: null,
    } as const;
    return { entry, text: 'It waits for a slot.', builds: [] };
  });
  setHandler(mergeQueuePauseLaneUpdate, ({ mode, by, reason }) => {
    const isDrain = mode === 'drain';
    const lane = {
      mode: isDrain ? ('draining' as const) : ('paused' as const),
      pausedBy: isDrain ? [] : ['person' as const],
      draining: isDrain,
      by,
      reason,
      sinceMs: 1,
    };
    view = { ...view, lane };
    return view;
  });
  setHandler(mergeQueueOpenLaneUpdate, () => {
    view = { ...view, lane: { mode: 'open', pausedBy: [], draining: false, by: '', reason: '', sinceMs: 2 } };
    return view;
  });
  setHandler(mergeQueueWithdrawUpdate, (command) => {
    told.push({ name: 'withdraw', command });
    return view;
  });
  setHandler(mergeQueueReprioritiseUpdate, (command) => {
    told.push({ name: 'reprioritise', command });
    return view;
  });
  await condition(() => false);
}
