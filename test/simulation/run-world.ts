import { canBecome, isTerminal, RUN_MACHINE, type RunState } from '../../domain/states.js';
import {
  type AgentRunState,
  become,
  carry,
  ended,
  opened,
  outcomeOf,
  remainingMs,
  restore,
} from '../../workflows/agent-run/agent-run.state.js';
import { held, mailed, paused, resumed, stopped, whyNotResume } from '../../workflows/agent-run/controls.js';
import { afterTurn, isQuotaOver, nextAct, withoutQuota } from '../../workflows/agent-run/next-act.js';
import type { TurnOutcome } from '../../workflows/agent-run/outcomes.js';
import type { RunFacts } from '../../workflows/contract/activities/store.js';
import type { AgentRunInput } from '../../workflows/contract/agent-run.js';
import type { Chance } from './chance.js';
import { must, type Story, type World } from './world.js';

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

const SEALED = { kind: 'sealed', host: HOST, effects: [], stuck: false, silent: false } as const;
const DONE: TurnOutcome = { ...SEALED, effects: [{ kind: 'completed', summary: 's' }] };
const TURNS: readonly [TurnOutcome, ...TurnOutcome[]] = [
  { ...SEALED, checkpointSha: 'c' },
  { ...SEALED, effects: [{ kind: 'asked', mailId: 'q', of: 'ada' }] },
  DONE,
  { ...SEALED, effects: [{ kind: 'blocked', reason: 'r' }] },
  { ...SEALED, silent: true },
  { kind: 'rolledBack', host: HOST, effects: [{ kind: 'completed', summary: 's' }], reason: 'r' },
  { kind: 'budget', host: HOST, hit: { scope: 'run', what: 'turns', spent: 1, limit: 1 } },
  { kind: 'quota', host: HOST },
  { kind: 'malformed', host: HOST, reason: 'r' },
  { kind: 'failed', host: HOST, reason: 'r', agentFault: true },
  { kind: 'lost', host: HOST, reason: 'r' },
  { kind: 'timeout', host: HOST },
];
const MESSAGES = ['mail', 'answer', 'budget answer', 'pause', 'resume', 'hold', 'let go', 'stop'] as const;
const PATIENCE = 200;

/** One run of an agent whose turns end in any way. */
class RunWorld {
  private nowMs = 1_000;
  private run = restore(INPUT, this.nowMs);
  private mails = 0;

  constructor(
    private readonly chance: Chance,
    private readonly story: Story,
  ) {}

  play(): void {
    this.change(opened(this.run, FACTS));
    for (let left = 10 + this.chance.below(60); left > 0 && !this.run.outcome; left--) this.happen();
    this.story.tell('from here on everybody helps');
    for (let left = PATIENCE; left > 0 && !this.run.outcome; left--) this.help();
    const { state } = this.run;
    must(this.run.outcome !== undefined, 'with everybody’s help it ends', () => state);
    must(isTerminal(RUN_MACHINE, state), 'an end is an end', () => state);
    for (const kind of MESSAGES) this.change(this.message(kind));
    must(this.run.state === state, 'terminal is terminal', () => `${state} became ${this.run.state}`);
  }

  private happen(): void {
    const before = this.run;
    this.nowMs += 100;
    if (isQuotaOver(this.run, this.nowMs)) this.change(withoutQuota(this.run));
    if (this.chance.is(0.45)) {
      const kind = this.chance.pick(MESSAGES);
      this.story.tell(kind);
      this.change(this.message(kind));
    } else this.act(this.chance.is(0.4) ? this.chance.pick(TURNS) : TURNS[0]);
    if (this.chance.is(0.05) && !this.run.outcome) this.run = JSON.parse(JSON.stringify(carry(this.run)));
    this.lookAtTime(before);
  }

  private help(): void {
    this.nowMs += 1_000;
    const before = this.run;
    if (isQuotaOver(this.run, this.nowMs)) this.change(withoutQuota(this.run));
    for (const kind of ['let go', 'answer', 'budget answer', 'resume'] as const) this.change(this.message(kind));
    this.act(DONE);
    this.lookAtTime(before);
  }

  private act(turn: TurnOutcome): void {
    const act = nextAct(this.run, this.nowMs);
    this.story.tell(`${act.kind}${act.kind === 'turn' ? ` ${turn.kind}` : ''}`);
    if (act.kind === 'end') this.change(ended(this.run, outcomeOf(this.run, act.ending)));
    if (act.kind === 'wait' && act.untilMs !== undefined) this.nowMs = Math.max(this.nowMs, act.untilMs);
    if (act.kind !== 'turn') return;
    const handed = { mailIds: this.run.inbox, notes: this.run.notes };
    this.change(afterTurn(this.run, turn, { handed, nowMs: this.nowMs, budgetMailId: this.mailId() }));
  }

  private message(kind: (typeof MESSAGES)[number]): AgentRunState {
    const { run } = this;
    switch (kind) {
      case 'mail':
        return mailed(run, { mailId: this.mailId() });
      case 'answer':
        return mailed(run, { mailId: this.mailId(), answers: 'q' });
      case 'budget answer':
        return mailed(run, { mailId: this.mailId(), ...(run.budgetMailId ? { answers: run.budgetMailId } : {}) });
      case 'pause':
        return paused(run);
      case 'resume':
        return whyNotResume(run, { by: 'ada' }) ? run : resumed(run);
      case 'hold':
        return held(run, { by: 'parent', on: true });
      case 'let go':
        return held(run, { by: 'parent', on: false });
      case 'stop':
        return stopped(run, { by: 'ada' });
    }
  }

  private mailId(): string {
    this.mails += 1;
    return `mail-${this.mails}`;
  }

  private change(next: AgentRunState): void {
    const before = this.run;
    this.run = become(before, next, { nowMs: this.nowMs, reason: 'simulated' });
    for (const { number, data } of this.run.log.pending.slice(before.log.pending.length)) {
      const [from, to] = [String(data?.from) as RunState, String(data?.to) as RunState];
      must(canBecome(RUN_MACHINE, from, to), 'only steps of the table', () => `${from} → ${to}`);
      must(number > (before.log.pending.at(-1)?.number ?? 0), 'numbers rise', () => String(number));
    }
  }

  /** Its clock never runs while it is held, and time that is used is never given back. */
  private lookAtTime(before: AgentRunState): void {
    const isHeld = before.pausedBy.length > 0;
    must(!isHeld || this.run.usedMs === before.usedMs, 'a held run uses no time', () => `${this.run.usedMs} ms`);
    const [was, is] = [remainingMs(before, this.nowMs), remainingMs(this.run, this.nowMs)];
    must(is <= was + 1e-9, 'time is not given back', () => `${was} ms became ${is} ms`);
  }
}

export const runWorld: World = {
  name: 'run',
  seeds: 2_500,
  run: (chance, story) => new RunWorld(chance, story).play(),
};
