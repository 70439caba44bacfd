import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../../domain/failures.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { Pools } from '../../../infra/pg/pools.js';
import { withTransaction } from '../../../infra/pg/transaction.js';
import type { StoreToolActivities, ToolCallInput, ToolOutcome } from '../../../workflows/contract/activities/agents.js';
import { withAttempt } from '../../../workflows/contract/fence.js';
import { type AgentRun, findAgentRun } from '../../store/agent-run.repository.js';
import { type ClaimRow, countErrors, endClaim, findClaim, openClaim } from '../../store/claim.repository.js';
import { findTurn } from '../../store/turn.repository.js';
import { logDecision } from './decision-tool.js';
import { taskBlock, taskComplete } from './finish-tools.js';
import { mailListInbox, mailRead, mailReply, mailSend } from './mail-tools.js';
import { permitCall } from './permission.js';
import type { StoreTool, StoreToolCall } from './store-tool.js';
import { errorText, ToolError, toToolError } from './tool-error.js';

export interface StoreToolDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
}

const TOOLS: Readonly<Record<string, StoreTool>> = {
  log_decision: logDecision,
  mail_send: mailSend,
  mail_list_inbox: mailListInbox,
  mail_read: mailRead,
  mail_reply: mailReply,
  task_complete: taskComplete,
  task_block: taskBlock,
};

/** An invalid plan goes back to the model this often; the next one ends the run. */
const MAX_PLAN_REPAIRS = 3;

interface LoadedCall {
  readonly run: AgentRun;
  readonly name: string;
  readonly inputRef: string;
  readonly input: unknown;
}

/** Shared queue. Every call is permitted, claimed before and recorded after; what the model can mend is a result. */
export function createStoreToolActivities(deps: StoreToolDeps): StoreToolActivities {
  const { pools, blobs } = deps;

  const load = async ({ runId, turn, callId }: ToolCallInput): Promise<LoadedCall> => {
    const [run, row] = await Promise.all([findAgentRun(pools.writes, runId), findTurn(pools.writes, runId, turn)]);
    const call = row?.calls.find(({ id }) => id === callId);
    if (!run || !call) throw new Failure('NotFound', 'There is no such tool call.', { runId, turn, callId });
    return { run, name: call.name, inputRef: call.inputRef, input: JSON.parse(await blobs.get(call.inputRef)) };
  };

  /** Does the work and ends the claim in one transaction: a dead attempt leaves both or neither. */
  const perform = async (loaded: LoadedCall, input: ToolCallInput): Promise<void> => {
    const { run, name } = loaded;
    const { runId, turn, callId } = input;
    const permitted = permitCall(run, name, loaded.input);
    const tool = TOOLS[name];
    if (!tool) throw new ToolError('INVALID_STATE', `${name} needs a working tree, and this run has none.`);
    await withTransaction(pools.writes, async (tx) => {
      const text = await tool.run({ run, turn, callId, input: permitted.input }, tx);
      await endClaim(tx, { runId, turn, callId, state: 'done', resultRef: await blobs.put(text) });
    });
  };

  const refuse = async (error: ToolError, { runId, turn, callId }: ToolCallInput): Promise<void> => {
    const resultRef = await blobs.put(errorText(error));
    await endClaim(pools.writes, { runId, turn, callId, state: 'error', resultRef, errorCode: error.code });
  };

  const outcome = async (loaded: LoadedCall, input: ToolCallInput, claim: ClaimRow): Promise<ToolOutcome> => {
    const { callId, turn } = input;
    const { run, name } = loaded;
    const call = (): StoreToolCall => ({ run, turn, callId, ...permitCall(run, name, loaded.input) });
    if (claim.state === 'done') {
      const effect = await TOOLS[name]?.effectOf?.(call(), pools.writes);
      return { callId, ok: true, ...(effect ? { effect } : {}) };
    }
    const refused = { callId, ok: false, errorCode: claim.errorCode ?? 'INTERNAL_ERROR' } as const;
    const isPlan = run.kind === 'planning' && name === 'task_complete';
    if (!isPlan || (await countErrors(pools.writes, run.runId, name)) <= MAX_PLAN_REPAIRS) return refused;
    const reason = claim.resultRef === null ? 'the plan is not valid' : await blobs.get(claim.resultRef);
    return { ...refused, effect: { kind: 'blocked', reason: reason.slice(0, 2000) } };
  };

  return {
    async runStoreTool(input) {
      const { runId, turn, callId } = input;
      const loaded = await load(input);
      const fence = withAttempt(input.fence, activityInfo().attempt);
      const claim = { runId, turn, callId, tool: loaded.name, inputRef: loaded.inputRef, fence };
      const earlier = await openClaim(pools.writes, claim);
      // Without a result the earlier attempt had no effect: both are written together.
      if (!earlier || earlier.state === 'open') {
        await perform(loaded, input).catch(async (error: unknown) => {
          const toolError = toToolError(error);
          if (!toolError) throw error;
          await refuse(toolError, input);
        });
      }
      const ended = await findClaim(pools.writes, claim);
      if (!ended || ended.state === 'open') throw new Failure('Internal', 'The call has no recorded end.', { callId });
      return outcome(loaded, input, ended);
    },
  };
}
