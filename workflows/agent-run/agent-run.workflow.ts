import { allHandlersFinished, CancellationScope, condition, continueAsNew, setHandler } from '@temporalio/workflow';
import type { MailActivities } from '../contract/activities/mail.js';
import type { StoreActivities } from '../contract/activities/store.js';
import {
  type AgentRunInput,
  type AgentRunOutcome,
  type AgentRunView,
  type AgentRunWorkflow,
  runStatusQuery,
  runStopSignal,
  runStopUpdate,
} from '../contract/agent-run.js';
import { runChangedSignal } from '../contract/epic.js';
import { runWorkflowId } from '../contract/ids.js';
import { holdSignal, mailSignal, pauseUpdate, resumeUpdate } from '../contract/messages.js';
import { activitiesOf } from '../support/activities-of.js';
import { changedKeys } from '../support/changed-keys.js';
import { faultOf } from '../support/fault.js';
import { makeFences } from '../support/fence.js';
import { lifecycleKey } from '../support/lifecycle-key.js';
import { mustContinue } from '../support/must-continue.js';
import { newId } from '../support/new-id.js';
import { refuse } from '../support/refuse.js';
import { shielded } from '../support/shielded.js';
import { tell } from '../support/tell.js';
import { makeShow } from '../support/visibility.js';
import {
  type AgentRunState,
  become,
  carry,
  ended,
  isCounting,
  opened,
  remainingMs,
  restore,
  saved,
  tellingOf,
  unsaved,
  viewOf,
} from './agent-run.state.js';
import { held, mailed, paused, resumed, stopped, whyNotPause, whyNotResume, whyNotStop } from './controls.js';
import { afterTurn, isQuotaOver, nextAct, withoutQuota } from './next-act.js';
import type { TurnOutcome } from './outcomes.js';
import { runPorts } from './ports.js';
import { runStep } from './program.js';
import { budgetTemplate, detailsOf } from './texts.js';
import { takeTurn } from './turn.js';

/** Wiring only: decisions are in next-act.ts and controls.ts, the order of calls in turn.ts and program.ts. */
export async function agentRun(input: AgentRunInput): Promise<AgentRunOutcome> {
  const { runId, tuning } = input;
  let run = restore(input, Date.now());
  const show = makeShow();
  const change = (after: AgentRunState, reason: string, by?: string): AgentRunView => {
    run = become(run, after, { nowMs: Date.now(), reason, ...(by === undefined ? {} : { by }) });
    show({ state: run.state }, detailsOf(input, run, Date.now()));
    return viewOf(run, Date.now());
  };

  // Every handler before the first await: what already waits is delivered as each one is set.
  setHandler(runStatusQuery, () => viewOf(run, Date.now()));
  setHandler(mailSignal, (mail) => void change(mailed(run, mail), 'mail came'));
  setHandler(
    holdSignal,
    (hold) => void change(held(run, hold), hold.on ? 'held by its parent' : 'released by its parent'),
  );
  setHandler(runStopSignal, (cmd) => void change(stopped(run, cmd), 'stop asked for', cmd.by));
  setHandler(runStopUpdate, (cmd) => change(stopped(run, cmd), 'stop asked for', cmd.by), {
    validator: (cmd) => refuse(whyNotStop(run, cmd)),
  });
  setHandler(pauseUpdate, (cmd) => change(paused(run), cmd.reason ?? 'paused', cmd.by), {
    validator: (cmd) => refuse(whyNotPause(run, cmd)),
  });
  setHandler(resumeUpdate, (cmd) => change(resumed(run), cmd.reason ?? 'resumed', cmd.by), {
    validator: (cmd) => refuse(whyNotResume(run, cmd)),
  });

  const store: Pick<StoreActivities, 'openRun' | 'saveRun'> = activitiesOf('STORE', tuning);
  const mails: MailActivities = activitiesOf('STORE', tuning, { summary: 'mail: budget limit reached' });
  const ports = runPorts({
    input,
    fence: makeFences(),
    checkpoint: () => run.checkpointSha,
    isHeld: () => run.pausedBy.length > 0,
  });

  const isWritten = (): boolean => unsaved(run) === undefined && run.told === tellingOf(run);
  let closing = false;
  /** Rows and parent follow the state while a turn is still in flight. */
  const keepWritten = async (): Promise<void> => {
    for (;;) {
      await condition(() => closing || !isWritten());
      if (isWritten()) return;
      const save = unsaved(run);
      if (save) {
        const patch = changedKeys(run.shown, save.shown);
        const { revision } = await store.saveRun({ runId, key: lifecycleKey(), entries: save.entries, patch });
        run = saved(run, save, revision);
      }
      const { state, outcome } = run;
      const telling = tellingOf(run);
      if (run.told === telling) continue;
      await tell(input.parentWorkflowId, runChangedSignal, { runId, state, ...(outcome ? { outcome } : {}) });
      run = { ...run, told: telling };
    }
  };

  const open = async (): Promise<AgentRunOutcome | undefined> => {
    const { host, context, kind, agentName, attempt, round, projectId, taskId, epicId, parentRunId } = input;
    const ids = { ...(taskId && { taskId }), ...(epicId && { epicId }), ...(parentRunId && { parentRunId }) };
    const row = { runId, projectId, ...ids, kind, agentName, attempt, round, context, ...host };
    const answer = await store.openRun(row).catch((error: unknown) => {
      // Without a row there is nothing to run or to save: the parent is told why.
      const fault = faultOf(error);
      return { kind: 'refused', reason: fault.kind === 'failed' ? fault.message : 'cancelled' } as const;
    });
    if (answer.kind === 'open') {
      change(opened(run, answer.facts), `started by ${input.parentWorkflowId}`);
      return undefined;
    }
    const outcome: AgentRunOutcome =
      answer.kind === 'ended'
        ? { kind: 'ended', state: answer.state, host }
        : { kind: 'failed', reason: answer.reason, agentFault: false, host };
    await tell(input.parentWorkflowId, runChangedSignal, { runId, state: 'failed', outcome });
    return outcome;
  };

  /** Cancels the work when the run is stopped or its unpaused time is over. */
  const inTime = async (work: () => Promise<TurnOutcome>): Promise<TurnOutcome> => {
    const scope = new CancellationScope();
    const watch = new CancellationScope();
    const isOver = (): boolean => run.stop !== undefined || remainingMs(run, Date.now()) <= 0;
    const watching = watch.run(async () => {
      while (!isOver()) {
        if (isCounting(run))
          await condition(() => isOver() || !isCounting(run), Math.ceil(remainingMs(run, Date.now())));
        else await condition(() => isOver() || isCounting(run));
      }
      scope.cancel();
    });
    // The watch is cancelled when the work ends first; its rejection is that and nothing else.
    const watched = watching.catch((error: unknown) => void faultOf(error));
    try {
      return await scope.run(work);
    } finally {
      watch.cancel();
      await watched;
    }
  };

  const takeOne = async (): Promise<void> => {
    const handed = { mailIds: run.inbox, notes: run.notes };
    const { host, turn, facts } = run;
    const turnInput = { runId, turn, host, mailIds: handed.mailIds };
    const outcome = await inTime(() =>
      facts?.backend === 'command'
        ? runStep(ports, { ...turnInput, context: input.context, timeoutMs: Math.ceil(remainingMs(run, Date.now())) })
        : takeTurn(ports, { ...turnInput, notes: handed.notes, budgetGrants: run.budgetGrants }),
    );
    const budgetMailId = newId();
    change(afterTurn(run, outcome, { handed, nowMs: Date.now(), budgetMailId }), `turn ${turn + 1}: ${outcome.kind}`);
    if (outcome.kind !== 'budget') return;
    const { projectId, epicId, taskId, createdBy } = input;
    await mails.sendMail({
      mailId: budgetMailId,
      projectId,
      ...(epicId && { epicId }),
      ...(taskId && { taskId }),
      runId,
      from: { kind: 'system', id: 'millwright' },
      to: { kind: 'human', id: createdBy ?? 'human' },
      template: budgetTemplate(outcome.hit),
      waiterWorkflowId: runWorkflowId(runId),
    });
  };

  return shielded(
    () => void change(stopped(run, { by: 'temporal', cancel: true }), 'cancelled through Temporal'),
    async () => {
      if (!run.facts) {
        const refused = await open();
        if (refused) return refused;
      }
      const written = keepWritten();
      const finish = async (): Promise<void> => {
        closing = true;
        await written;
        await condition(allHandlersFinished);
      };
      while (run.outcome === undefined) {
        if (isQuotaOver(run, Date.now())) change(withoutQuota(run), 'the quota was reset');
        if (mustContinue(input)) {
          await finish();
          await continueAsNew<AgentRunWorkflow>({ ...input, carried: carry(run) });
        }
        const act = nextAct(run, Date.now());
        if (act.kind === 'end') change(ended(run, act.ending), act.ending.kind, run.stop?.by);
        else if (act.kind === 'turn') await takeOne();
        else {
          const moved = (): boolean => nextAct(run, Date.now()).kind !== 'wait' || mustContinue(input);
          if (act.untilMs === undefined) await condition(moved);
          else await condition(moved, Math.max(1, act.untilMs - Date.now()));
        }
      }
      const { outcome } = run;
      await finish();
      return outcome;
    },
  );
}
