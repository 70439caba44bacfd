import { allHandlersFinished, condition, continueAsNew, setHandler } from '@temporalio/workflow';
import type { FullHost } from '../contract/activities/git.js';
import {
  type AgentRunInput,
  type AgentRunOutcome,
  type AgentRunWorkflow,
  runStatusQuery,
  runStopSignal,
  runStopUpdate,
} from '../contract/agent-run.js';
import { holdSignal, mailSignal, pauseUpdate, resumeUpdate } from '../contract/messages.js';
import { mustContinue } from '../support/must-continue.js';
import { refuse } from '../support/refuse.js';
import { shielded } from '../support/shielded.js';
import { makeShow } from '../support/visibility.js';
import { become, carry, ended, outcomeOf, restore, seeksRoom, viewOf } from './agent-run.state.js';
import type { RunCell } from './cell.js';
import { held, mailed, paused, resumed, stopped, whyNotPause, whyNotResume, whyNotStop } from './controls.js';
import { keepTold } from './keep-told.js';
import { isQuotaOver, nextAct, withoutQuota } from './next-act.js';
import { openRun } from './open-run.js';
import { runPorts } from './ports.js';
import { takeOne } from './take-one.js';
import { detailsOf } from './texts.js';

/** Wiring only: decisions are in next-act.ts and controls.ts, the order of calls in turn.ts and program.ts. */
export async function agentRun(input: AgentRunInput): Promise<AgentRunOutcome> {
  const cell = makeCell(input);
  // Every handler before the first await: what already waits is delivered as each one is set.
  handleMessages(cell);
  return shielded(
    () => {
      const cmd = { by: 'temporal', cancel: true, reason: 'cancelled through Temporal' };
      cell.change(stopped(cell.read(), cmd), cmd.reason);
    },
    () => work(cell),
  );
}

function makeCell(input: AgentRunInput): RunCell {
  let run = restore(input, Date.now());
  const read = () => run;
  const show = makeShow();
  const change: RunCell['change'] = (next, reason, by) => {
    run = become(run, next, { nowMs: Date.now(), reason, ...(by === undefined ? {} : { by }) });
    show({ state: run.state }, detailsOf(input, run, Date.now()));
    return viewOf(run, Date.now());
  };
  const roomSought = (full: FullHost | undefined): void =>
    void change(seeksRoom(run, full), full ? 'no host has room' : 'a host is asked again');
  return { input, ports: runPorts(input, read, roomSought), read, change };
}

function handleMessages({ read, change }: RunCell): void {
  setHandler(runStatusQuery, () => viewOf(read(), Date.now()));
  setHandler(mailSignal, (mail) => void change(mailed(read(), mail), 'mail came'));
  setHandler(holdSignal, (hold) => {
    change(held(read(), hold), hold.on ? 'held by its parent' : 'released by its parent');
  });
  setHandler(runStopSignal, (cmd) => void change(stopped(read(), cmd), 'stop asked for', cmd.by));
  setHandler(runStopUpdate, (cmd) => change(stopped(read(), cmd), cmd.reason ?? 'stop asked for', cmd.by), {
    validator: (cmd) => refuse(whyNotStop(read(), cmd)),
  });
  setHandler(pauseUpdate, (cmd) => change(paused(read()), cmd.reason ?? 'paused', cmd.by), {
    validator: (cmd) => refuse(whyNotPause(read(), cmd)),
  });
  setHandler(resumeUpdate, (cmd) => change(resumed(read()), cmd.reason ?? 'resumed', cmd.by), {
    validator: (cmd) => refuse(whyNotResume(read(), cmd)),
  });
}

async function work(cell: RunCell): Promise<AgentRunOutcome> {
  const { input, read, change } = cell;
  if (!read().facts) {
    const refused = await openRun(cell);
    if (refused) return refused;
  }
  let closing = false;
  const toldAll = keepTold(cell, () => closing);
  const finish = async (): Promise<void> => {
    closing = true;
    await toldAll;
    await condition(allHandlersFinished);
  };
  for (;;) {
    if (isQuotaOver(read(), Date.now())) change(withoutQuota(read()), 'the quota was reset');
    // Between turns nothing is in flight, so a new history loses nothing.
    if (mustContinue(input)) {
      await finish();
      await continueAsNew<AgentRunWorkflow>({ ...input, carried: carry(read()) });
    }
    const act = nextAct(read(), Date.now());
    if (act.kind === 'turn') {
      await takeOne(cell);
    } else if (act.kind === 'wait') {
      await waitFor(cell, act.untilMs);
    } else {
      const outcome = outcomeOf(read(), act.ending);
      change(ended(read(), outcome), act.ending.kind, read().stop?.by);
      await finish();
      return read().outcome ?? outcome;
    }
  }
}

async function waitFor({ input, read }: RunCell, untilMs: number | undefined): Promise<void> {
  const moved = (): boolean => {
    const act = nextAct(read(), Date.now());
    // A message may leave it waiting, but for another time.
    return act.kind !== 'wait' || act.untilMs !== untilMs || mustContinue(input);
  };
  if (untilMs === undefined) await condition(moved);
  else await condition(moved, Math.max(1, untilMs - Date.now()));
}
