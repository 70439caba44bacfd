// Pure: one step of a `command` agent: the program runs once in its tree, then the turn is sealed.
import type { ProgramOutcome, RunProgramInput, StepInput, ToolEffect } from '../contract/activities/agents.js';
import type { RunContext } from '../contract/activities/store.js';
import type { RunHost } from '../contract/agent-run.js';
import type { TurnOutcome } from './outcomes.js';
import { rollBack, type StepPorts, sealLost } from './turn.js';

export interface ProgramPorts extends StepPorts {
  readonly runProgram: (host: RunHost, input: RunProgramInput) => Promise<ProgramOutcome>;
}

export interface ProgramInput {
  readonly runId: string;
  readonly turn: number;
  readonly host: RunHost;
  readonly timeoutMs: number;
  readonly context: RunContext;
  readonly mailIds: readonly string[];
}

/** Runs the program once and seals. A death of the host costs nothing but the time: the tree is rolled back. */
export async function runStep(ports: ProgramPorts, input: ProgramInput): Promise<TurnOutcome> {
  const { runId, turn, timeoutMs, context, mailIds } = input;
  const step = (): StepInput => ({ runId, turn, fence: ports.fence() });
  const { host } = input;
  let ended: ProgramOutcome | 'interrupted';
  try {
    ended = await ports.runProgram(host, { ...step(), treeId: host.treeId, timeoutMs, context, mailIds });
  } catch (error) {
    const fault = ports.faultOf(error);
    if (fault.kind === 'cancelled') {
      ended = 'interrupted';
    } else if (fault.type === 'Superseded') {
      return { kind: 'lost', host, reason: fault.message };
    } else {
      // Until the seal nothing is kept of a program, so even one that never began is simply begun again.
      if (!fault.neverStarted) await sealLost(ports, step, []);
      return rollBack(ports, { host, effects: [], reason: fault.message });
    }
  }
  let checkpoint: { readonly checkpointSha?: string } = {};
  try {
    const { checkpointSha } = await ports.uncancelled(() =>
      ports.seal(host, { ...step(), treeId: host.treeId, callIds: [], lost: false }),
    );
    if (checkpointSha !== undefined) checkpoint = { checkpointSha };
  } catch (error) {
    const fault = ports.faultOf(error);
    await sealLost(ports, step, []);
    if (ended === 'interrupted' || fault.kind === 'cancelled') return { kind: 'interrupted', host };
    return rollBack(ports, { host, effects: [], reason: fault.message });
  }
  if (ended === 'interrupted') return { kind: 'interrupted', host, ...checkpoint };
  if (ended.kind === 'timeout') return { ...ended, host, ...checkpoint };
  if (ended.kind === 'failed') return { kind: 'failed', host, reason: ended.reason, agentFault: true, ...checkpoint };
  return { kind: 'sealed', host, effects: [effectOf(ended)], stuck: false, silent: false, ...checkpoint };
}

function effectOf(ended: Exclude<ProgramOutcome, { kind: 'failed' | 'timeout' }>): ToolEffect {
  switch (ended.kind) {
    case 'complete':
      return {
        kind: 'completed',
        summary: ended.summary,
        ...(ended.planVersion === undefined ? {} : { planVersion: ended.planVersion }),
      };
    case 'blocked':
      return ended;
    case 'question':
      return { kind: 'asked', mailId: ended.mailId, of: ended.of ?? 'supervisor' };
  }
}
