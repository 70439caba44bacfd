import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canBecome, RUN_MACHINE, type RunState } from '../../../domain/states.js';
import {
  type AgentRunState,
  become,
  ended,
  opened,
  outcomeOf,
  remainingMs,
  restore,
} from '../../../workflows/agent-run/agent-run.state.js';
import { held, mailed, paused, resumed, stopped, whyNotResume } from '../../../workflows/agent-run/controls.js';
import { afterTurn, isQuotaOver, nextAct, withoutQuota } from '../../../workflows/agent-run/next-act.js';
import type { TurnOutcome } from '../../../workflows/agent-run/outcomes.js';
import type { RunFacts } from '../../../workflows/contract/activities/store.js';
import type { AgentRunInput } from '../../../workflows/contract/agent-run.js';

const HOST = { hostQueue: 'host-a', treeId: 'tree-1' };
const INPUT: AgentRunInput = {
  runId: 'run-1',
  projectId: 'project-1',
  kind: 'execution',
  agentName: 'worker',
  attempt: 1,
  round: 1,
  parentWorkflowId: 'task/1',
  host: HOST,
  context: {},
  tuning: 'brisk',
};
const FACTS: RunFacts = {
  runId: 'run-1',
  agentId: 'agent-1',
  agentName: 'worker',
  backend: 'anthropic',
  model: 'm',
  state: 'pending',
  revision: 0,
  promptRef: '',
  deadlineMs: 10_000,
  sealedTurns: 0,
};

const effect = fc
  .constantFrom<readonly TurnOutcome[]>([
    { kind: 'sealed', host: HOST, effects: [], stuck: false, silent: false, checkpointSha: 'c' },
  ])
  .map(([outcome]) => outcome as TurnOutcome);
const turns: fc.Arbitrary<TurnOutcome> = fc.oneof(
  { weight: 6, arbitrary: effect },
  fc.constantFrom<TurnOutcome>(
    { kind: 'sealed', host: HOST, effects: [{ kind: 'asked', mailId: 'q', of: 'ada' }], stuck: false, silent: false },
    { kind: 'sealed', host: HOST, effects: [{ kind: 'completed', summary: 's' }], stuck: false, silent: false },
    { kind: 'sealed', host: HOST, effects: [{ kind: 'blocked', reason: 'r' }], stuck: false, silent: false },
    { kind: 'sealed', host: HOST, effects: [], stuck: false, silent: true },
    { kind: 'rolledBack', host: HOST, effects: [{ kind: 'completed', summary: 's' }], reason: 'r' },
    { kind: 'budget', host: HOST, hit: { scope: 'run', what: 'turns', spent: 1, limit: 1 } },
    { kind: 'quota', host: HOST },
    { kind: 'malformed', host: HOST, reason: 'r' },
    { kind: 'failed', host: HOST, reason: 'r', agentFault: true },
    { kind: 'lost', host: HOST, reason: 'r' },
    { kind: 'timeout', host: HOST },
  ),
);
type Move = { readonly kind: 'message'; readonly index: number } | { readonly kind: 'act'; readonly turn: TurnOutcome };
const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), index: fc.nat(7) }),
  fc.record({ kind: fc.constant('act' as const), turn: turns }),
);

const message = (run: AgentRunState, index: number, id: string): AgentRunState => {
  switch (index) {
    case 0:
      return mailed(run, { mailId: id });
    case 1:
      return mailed(run, { mailId: id, answers: 'q' });
    case 2:
      return mailed(run, { mailId: id, ...(run.budgetMailId ? { answers: run.budgetMailId } : {}) });
    case 3:
      return paused(run);
    case 4:
      return whyNotResume(run, { by: 'ada' }) ? run : resumed(run);
    case 5:
      return held(run, { by: 'parent', on: true });
    case 6:
      return held(run, { by: 'parent', on: false });
    default:
      return stopped(run, { by: 'ada' });
  }
};

test('whatever happens, a run takes only steps of its table, and its clock never runs while it is held', () => {
  fc.assert(
    fc.property(fc.array(moves, { minLength: 10, maxLength: 80, size: 'max' }), (script) => {
      let nowMs = 1000;
      let run = restore(INPUT, nowMs);
      const change = (next: AgentRunState): void => {
        run = become(run, next, { nowMs, reason: 'test' });
      };
      change(opened(run, FACTS));
      for (const [index, move] of script.entries()) {
        const before = run;
        nowMs += 100;
        if (isQuotaOver(run, nowMs)) change(withoutQuota(run));
        if (move.kind === 'message') change(message(run, move.index, `mail-${index}`));
        else {
          const act = nextAct(run, nowMs);
          if (act.kind === 'end') change(ended(run, outcomeOf(run, act.ending)));
          if (act.kind === 'turn')
            change(
              afterTurn(run, move.turn, {
                handed: { mailIds: run.inbox, notes: run.notes },
                nowMs,
                budgetMailId: `b-${index}`,
              }),
            );
        }
        if (before.pausedBy.length > 0) expect(run.usedMs).toBe(before.usedMs);
        expect(remainingMs(run, nowMs)).toBeLessThanOrEqual(remainingMs(before, nowMs) + 1e-9);
        if (run.outcome) break;
      }
      let at: RunState = 'pending';
      for (const { data } of run.log.pending) {
        const to = String(data?.to) as RunState;
        expect([data?.from, to, canBecome(RUN_MACHINE, at, to)]).toEqual([at, to, true]);
        at = to;
      }
      expect(at).toBe(run.state);
      expect(run.log.pending.map(({ number }) => number)).toEqual(run.log.pending.map((_, index) => index + 1));
    }),
    { numRuns: 400 },
  );
});
