import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../../domain/failures.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { ProgramActivities, ProgramOutcome } from '../../../workflows/contract/activities/agents.js';
import { withAttempt } from '../../../workflows/contract/fence.js';
import type { RefreshSetup } from '../../git/refresh-setup.js';
import { findAgentRun } from '../../store/agent-run.repository.js';
import { openClaim } from '../../store/claim.repository.js';
import { withHeartbeat } from '../../support/heartbeat.js';
import { openProgramModel, type ProgramModel, type ProgramModelDeps } from '../front/program-model.js';
import { openToolTree, type ToolTreeDeps } from '../tools/tool-tree.js';
import { findCommandAgent } from './command-agent.repository.js';
import { programContext, programPrompt } from './program-context.js';
import { callIdOf, PROGRAM, recordEnd } from './record-end.js';
import { type ProgramDeps, type ProgramEnd, runCommandAgent } from './run-program.js';

export interface CommandAgentDeps extends ProgramDeps, Pick<ToolTreeDeps, 'trees' | 'whyNoSandbox'> {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  readonly refreshSetup: RefreshSetup;
  readonly models: ProgramModelDeps;
}

/** Host queue. One claimed run of a program; an attempt that finds the end recorded answers it. */
export const createCommandAgentActivities = (deps: CommandAgentDeps): ProgramActivities => ({
  runProgram: (input) =>
    withHeartbeat(async (signal) => {
      const db = deps.pools.writes;
      const run = await findAgentRun(db, input.runId);
      const agent = run && (await findCommandAgent(db, run.agentId));
      if (!run || !agent)
        throw new Failure('NotFound', 'There is no such run of a command agent.', { runId: input.runId });
      const fence = withAttempt(input.fence, activityInfo().attempt);
      const callId = callIdOf(input);
      const claim = { runId: run.runId, turn: input.turn, callId, tool: PROGRAM, inputRef: null, fence };
      const earlier = await openClaim(db, claim);
      if (earlier?.state === 'done' && earlier.resultRef !== null) return keptOutcome(deps, earlier.resultRef);
      const tree = await openToolTree({ ...deps, db }, run, { treeId: input.treeId, fence });
      const context = await programContext(db, deps.blobs, { run, context: input.context, mailIds: input.mailIds });
      const text = run.promptRef === null ? '' : await deps.blobs.get(run.promptRef);
      const where = { projectId: run.projectId, treeId: input.treeId };
      const note = tree.isReadOnly ? undefined : await deps.refreshSetup(where, signal);
      const prompt = [programPrompt(text, context, input.mailIds), ...(note === undefined ? [] : [note])].join('\n\n');
      const model = await openProgramModel(deps.models, agent.model, { run, turn: input.turn });
      const start = { agent, tree, prompt, context, timeoutMs: input.timeoutMs, model };
      const end = await runCommandAgent(deps, start, signal).finally(() => model?.front.close());
      return recordEnd(deps, { run, input, end: explained(end, model), hasBought: (model?.front.calls ?? 0) > 0 });
    }),
});

/** A program cannot be relied on to say that it was refused, and its log must not show its key. */
const explained = (end: ProgramEnd, model: ProgramModel | undefined): ProgramEnd => {
  if (model === undefined) return end;
  const { token, whyRefused } = model.front;
  const log = end.log.replaceAll(token, '***');
  if (end.kind === 'ended') return { ...end, log };
  const reason = [...(whyRefused === undefined ? [] : [whyRefused]), end.reason.replaceAll(token, '***')].join(' ');
  return { ...end, log, reason };
};

const keptOutcome = async ({ blobs }: CommandAgentDeps, ref: string): Promise<ProgramOutcome> =>
  // Written by `recordEnd`.
  (JSON.parse(await blobs.get(ref)) as { readonly outcome: ProgramOutcome }).outcome;
