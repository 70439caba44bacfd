import { expect, test } from '@jest/globals';
import { type TurnPorts, takeTurn } from '../../../workflows/agent-run/turn.js';
import type { ModelStep, ToolCallRef, ToolEffect } from '../../../workflows/contract/activities/agents.js';
import type { RunHost } from '../../../workflows/contract/agent-run.js';
import type { Fault } from '../../../workflows/support/fault.js';

const HOST: RunHost = { hostQueue: 'host-a', treeId: 'tree-1' };
const OTHER: RunHost = { hostQueue: 'host-b', treeId: 'tree-2' };
const CANCELLED: Fault = { kind: 'cancelled' };
const lost = (over: Partial<Fault & { kind: 'failed' }> = {}): Fault => ({
  kind: 'failed',
  type: 'WorktreeLost',
  message: 'gone',
  neverStarted: false,
  ...over,
});
const call = (callId: string, where: 'host' | 'store' = 'host'): ToolCallRef => ({
  callId,
  name: callId,
  where,
  summary: callId,
  readOnly: false,
});

/** Keeps the calls in order; what a call does is scripted, and a scripted fault is thrown once. */
class FakeTurn implements TurnPorts {
  readonly calls: string[] = [];
  readonly fences: string[] = [];
  faults: Record<string, Fault[]> = {};
  effects: Record<string, ToolEffect> = {};
  stuck = false;

  constructor(private readonly reply: ModelStep) {}

  private act(name: string): void {
    this.calls.push(name);
    const fault = this.faults[name]?.shift();
    if (fault) throw fault;
  }

  callModel: TurnPorts['callModel'] = async () => {
    this.act('model');
    return this.reply;
  };
  runTool: TurnPorts['runTool'] = async (host, { callId }) => {
    this.act(`${callId}@${host.hostQueue}`);
    const effect = this.effects[callId];
    return { callId, ok: true, ...(effect ? { effect } : {}) };
  };
  seal: TurnPorts['seal'] = async (host, { callIds, lost: isLost }) => {
    this.act(`seal ${callIds.join()}${isLost ? ' lost' : ''}@${host?.hostQueue ?? 'shared'}`);
    return { stuck: this.stuck, ...(isLost ? {} : { checkpointSha: 'checkpoint' }) };
  };
  rebuild = async () => {
    this.act('rebuild');
    return OTHER;
  };
  fence = () => {
    this.fences.push(String(this.fences.length).padStart(3, '0'));
    return this.fences.at(-1) ?? '';
  };
  released = async () => undefined;
  uncancelled: TurnPorts['uncancelled'] = (work) => work();
  // What fails here is thrown as a fault already.
  faultOf = (error: unknown) => error as Fault;
}

const calls = (...list: ToolCallRef[]) => new FakeTurn({ kind: 'calls', calls: list });
const take = (ports: TurnPorts) =>
  takeTurn(ports, { runId: 'run-1', turn: 0, host: HOST, mailIds: [], notes: [], budgetGrants: 0 });

test('tools run in order on the host of the tree, then the turn is sealed', async () => {
  const turn = calls(call('a'), call('b', 'store'));
  turn.effects = { b: { kind: 'asked', mailId: 'm', of: 'ada' } };
  expect(await take(turn)).toEqual({
    kind: 'sealed',
    host: HOST,
    effects: [{ kind: 'asked', mailId: 'm', of: 'ada' }],
    stuck: false,
    silent: false,
    checkpointSha: 'checkpoint',
  });
  expect(turn.calls).toEqual(['model', 'a@host-a', 'b@host-a', 'seal a,b@host-a']);
  expect([...turn.fences].sort()).toEqual(turn.fences);
});

test('nothing runs after the call that ends the run', async () => {
  const turn = calls(call('done', 'store'), call('late'));
  turn.effects = { done: { kind: 'completed', summary: 's' } };
  await take(turn);
  expect(turn.calls).toEqual(['model', 'done@host-a', 'seal done,late@host-a']);
});

test('a first call that never began moves to another host once', async () => {
  const turn = calls(call('a'), call('b'));
  turn.faults = { 'a@host-a': [lost({ neverStarted: true })] };
  expect(await take(turn)).toMatchObject({ kind: 'sealed', host: OTHER });
  expect(turn.calls).toEqual(['model', 'a@host-a', 'rebuild', 'a@host-b', 'b@host-b', 'seal a,b@host-b']);
  const twice = calls(call('a'));
  twice.faults = { 'a@host-a': [lost({ neverStarted: true })], 'a@host-b': [lost({ neverStarted: true })] };
  expect(await take(twice)).toMatchObject({ kind: 'rolledBack', host: OTHER });
});

test('a call that never began later in the turn does not move: the old host holds edits', async () => {
  const turn = calls(call('a'), call('b'));
  turn.faults = { 'b@host-a': [lost({ neverStarted: true })] };
  expect(await take(turn)).toMatchObject({ kind: 'rolledBack', host: OTHER });
  expect(turn.calls).toEqual(['model', 'a@host-a', 'b@host-a', 'seal a,b lost@shared', 'rebuild']);
});

test('a seal that fails gives up the files, not the results', async () => {
  const turn = calls(call('a', 'store'));
  turn.effects = { a: { kind: 'completed', summary: 's' } };
  turn.faults = { 'seal a@host-a': [lost({ type: 'Unavailable' })] };
  expect(await take(turn)).toEqual({
    kind: 'rolledBack',
    host: OTHER,
    effects: [{ kind: 'completed', summary: 's' }],
    reason: 'gone',
  });
  expect(turn.calls.slice(2)).toEqual(['seal a@host-a', 'seal a lost@shared', 'rebuild']);
});

test('a tree that cannot be made anew ends the run as lost, a newer writer at once', async () => {
  const gone = calls(call('a'));
  gone.faults = { 'a@host-a': [lost()], rebuild: [lost({ message: 'no checkpoint' })] };
  expect(await take(gone)).toEqual({ kind: 'lost', host: HOST, reason: 'no checkpoint' });
  const superseded = calls(call('a'));
  superseded.faults = { 'a@host-a': [lost({ type: 'Superseded' })] };
  expect(await take(superseded)).toMatchObject({ kind: 'lost' });
  expect(superseded.calls).not.toContain('rebuild');
});

test('a stop in a tool seals what was done; a stop in the model call has nothing to seal', async () => {
  const inTool = calls(call('a'), call('b'), call('c'));
  inTool.faults = { 'b@host-a': [CANCELLED] };
  expect(await take(inTool)).toEqual({ kind: 'interrupted', host: HOST, checkpointSha: 'checkpoint' });
  expect(inTool.calls.at(-1)).toBe('seal a,b,c@host-a');
  const inModel = calls(call('a'));
  inModel.faults = { model: [CANCELLED] };
  expect(await take(inModel)).toEqual({ kind: 'interrupted', host: HOST });
  expect(inModel.calls).toEqual(['model']);
});

test('failures of the model call are told apart', async () => {
  const of = async (fault: Fault) => {
    const turn = calls();
    turn.faults = { model: [fault] };
    return take(turn);
  };
  expect(await of(lost({ type: 'QuotaExhausted', resetAtMs: 7 }))).toEqual({ kind: 'quota', host: HOST, untilMs: 7 });
  expect(await of(lost({ type: 'MalformedReply' }))).toMatchObject({ kind: 'malformed' });
  expect(await of(lost({ type: 'ContextTooLarge' }))).toMatchObject({ kind: 'failed', agentFault: true });
  expect(await of(lost({ type: 'RateLimited' }))).toMatchObject({ kind: 'failed', agentFault: false });
});

test('a reply without calls is sealed too, a refusal ends the attempt', async () => {
  const silent = new FakeTurn({ kind: 'silent', text: 'hm' });
  expect(await take(silent)).toMatchObject({ kind: 'sealed', silent: true });
  const refused = new FakeTurn({ kind: 'refused', reason: 'no' });
  expect(await take(refused)).toEqual({ kind: 'failed', host: HOST, reason: 'no', agentFault: true });
  expect(refused.calls).toEqual(['model', 'seal @host-a']);
});
