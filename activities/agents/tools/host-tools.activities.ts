import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../../domain/failures.js';
import { RUN_COMMAND } from '../../../domain/tools/file-tools.js';
import { WORK_COMPLETE } from '../../../domain/tools/store-tools.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import { faultPoint } from '../../../infra/fault-point.js';
import type { Pools } from '../../../infra/pg/pools.js';
import type { HostToolActivities, ToolCallInput, ToolOutcome } from '../../../workflows/contract/activities/agents.js';
import { withAttempt } from '../../../workflows/contract/fence.js';
import { runWorkflowId } from '../../../workflows/contract/ids.js';
import type { RefreshSetup } from '../../git/refresh-setup.js';
import type { Sandbox } from '../../sandbox/command.js';
import type { SandboxLimits } from '../../sandbox/limits.js';
import { type AgentRun, findAgentRun } from '../../store/agent-run.repository.js';
import { type ClaimRow, endClaim, findClaim, openClaim } from '../../store/claim.repository.js';
import { findTurn } from '../../store/turn.repository.js';
import { withHeartbeat } from '../../support/heartbeat.js';
import { completeWork, type LookAtWork } from './complete-work.js';
import type { FileTools } from './file-tools.js';
import { dropClaim } from './host-claims.repository.js';
import { performHostTool } from './host-tool.js';
import { type PermittedCall, permitCall } from './permission.js';
import { errorText, ToolError, toToolError } from './tool-error.js';
import { openToolTree, type ToolTreeDeps } from './tool-tree.js';

export interface HostToolDeps extends Pick<ToolTreeDeps, 'trees' | 'whyNoSandbox'> {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  readonly sandbox: Sandbox;
  readonly files: FileTools;
  readonly limits?: SandboxLimits;
  readonly lookAtWork: LookAtWork;
  /** Before each command: answers words for the agent when the outputs of `setup` cannot follow its files. */
  readonly refreshSetup: RefreshSetup;
}

interface LoadedCall {
  readonly run: AgentRun;
  readonly name: string;
  readonly inputRef: string;
  readonly input: unknown;
}

/**
 * Host queue. A call is claimed before and recorded after. An earlier attempt that recorded nothing may have had its
 * effect: what only reads is repeated, anything else stays `unknown`.
 */
export function createHostToolActivities(deps: HostToolDeps): HostToolActivities {
  const db = deps.pools.writes;

  const load = async ({ runId, turn, callId }: ToolCallInput): Promise<LoadedCall> => {
    const [run, row] = await Promise.all([findAgentRun(db, runId), findTurn(db, runId, turn)]);
    const call = row?.calls.find(({ id }) => id === callId);
    if (!run || !call) throw new Failure('NotFound', 'There is no such tool call.', { runId, turn, callId });
    return { run, name: call.name, inputRef: call.inputRef, input: JSON.parse(await deps.blobs.get(call.inputRef)) };
  };

  const perform = async ({ run, name, input }: LoadedCall, at: ToolCallInput, fence: string, signal: AbortSignal) => {
    const permitted: PermittedCall = permitCall(run, name, input);
    if (at.treeId === undefined)
      throw new ToolError('INVALID_STATE', `${name} needs a working tree, and this run has none.`);
    const tree = await openToolTree({ ...deps, db }, run, { treeId: at.treeId, fence });
    const { treeId, conflictFiles } = at;
    if (isCompletion(name)) return completeWork(deps.lookAtWork, { run, treeId, conflictFiles }, signal);
    const isCommand = name === RUN_COMMAND.name && !tree.isReadOnly;
    const note = isCommand ? await deps.refreshSetup({ projectId: run.projectId, treeId }, signal) : undefined;
    const text = await performHostTool(deps, permitted, { ...tree, session: runWorkflowId(run.runId) }, signal);
    return note === undefined ? text : `${note}\n\n${text}`;
  };

  const record = async ({ runId, turn, callId }: ToolCallInput, text: string, errorCode?: string): Promise<void> => {
    const resultRef = await deps.blobs.put(text);
    const error = errorCode === undefined ? {} : { errorCode };
    await endClaim(db, { runId, turn, callId, state: errorCode === undefined ? 'done' : 'error', resultRef, ...error });
  };

  const runOnce = async (
    loaded: LoadedCall,
    input: ToolCallInput,
    fence: string,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await faultPoint('tool-call.before-call');
      const text = await perform(loaded, input, fence, signal);
      await faultPoint('tool-call.after-call-before-record');
      await record(input, text);
      await faultPoint('tool-call.after-record-before-ack');
    } catch (error) {
      signal.throwIfAborted();
      // It had no effect, so it may be claimed again on another host.
      if (error instanceof Failure && error.type === 'NeverStarted') await dropClaim(db, input, fence);
      const toolError = isOfTheTree(error) ? undefined : toToolError(error);
      if (!toolError) throw error;
      await record(input, errorText(toolError), toolError.code);
    }
  };

  return {
    runHostTool: (input) =>
      withHeartbeat(async (signal) => {
        const { runId, turn, callId } = input;
        const loaded = await load(input);
        const fence = withAttempt(input.fence, activityInfo().attempt);
        const claim = { runId, turn, callId, tool: loaded.name, inputRef: loaded.inputRef, fence };
        const earlier = await openClaim(db, claim);
        if (!earlier || (earlier.state === 'open' && isReadOnly(loaded))) await runOnce(loaded, input, fence, signal);
        const ended = await findClaim(db, claim);
        return outcomeOf(loaded, callId, ended);
      }),
  };
}

const isCompletion = (name: string): boolean => name === WORK_COMPLETE.name;

const outcomeOf = ({ run, name, input }: LoadedCall, callId: string, claim: ClaimRow | undefined): ToolOutcome => {
  if (claim?.state === 'done') {
    if (!isCompletion(name)) return { callId, ok: true };
    const summary = String(permitCall(run, name, input).input.summary);
    return { callId, ok: true, effect: { kind: 'completed', summary } };
  }
  return { callId, ok: false, errorCode: claim?.errorCode ?? 'UNKNOWN' };
};

/** The workflow's to handle: a model can mend none of these. */
const isOfTheTree = (error: unknown): boolean =>
  error instanceof Failure && ['WorktreeLost', 'Superseded', 'NeverStarted'].includes(error.type);

const isReadOnly = ({ run, name, input }: LoadedCall): boolean => {
  try {
    return permitCall(run, name, input).tool.readOnly;
  } catch {
    // A call that is refused has no effect either way.
    return true;
  }
};
