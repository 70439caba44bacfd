import { activityInfo } from '@temporalio/activity';
import { type BudgetLimits, DEFAULT_RUN_LIMITS } from '../../domain/budget.js';
import { Failure } from '../../domain/failures.js';
import type { ModelPrice } from '../../domain/pricing.js';
import type { BlobStore } from '../../infra/artifacts.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { Queryable } from '../../infra/pg/statement.js';
import type { CallModelInput, ModelActivities, ModelStep } from '../../workflows/contract/activities/agents.js';
import { withAttempt } from '../../workflows/contract/fence.js';
import { type AgentRun, findAgentRun } from '../store/agent-run.repository.js';
import { findTurn, listTurns, type TurnRow } from '../store/turn.repository.js';
import { spentTotals } from '../store/usage.repository.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { type Conversation, loadConversation } from './conversation.js';
import { keepResults } from './keep-results.js';
import { Ledger } from './ledger.js';
import { budgetHit } from './limits.js';
import type { ModelPort } from './model-port.js';
import { replyText, stepOf } from './model-step.js';
import { buyReply, type PaidCallDeps } from './paid-call.js';
import { cachedBlobs } from './transcripts/cached-blobs.js';
import { compact } from './transcripts/compact.js';
import { type EncodedBlocks, encodeBlocks, NO_BLOCKS } from './transcripts/encode.js';
import type { TurnRequest } from './transcripts/transcript.js';
import { additionBlocks } from './turn-request.js';

export interface ModelActivitiesDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  readonly model: ModelPort;
  /** Of the host's configuration; wins over the built-in table. */
  readonly prices?: Readonly<Record<string, ModelPrice>>;
  /** What a run may use unless its project says otherwise. */
  readonly runLimits?: BudgetLimits;
  /** Model of a run whose row names none. */
  readonly defaultModel: string;
}

const GO_ON = 'Go on. Call task_complete when the work is done, or task_block when it cannot be done.';
/** Turns that stay in a transcript that has grown too long: first a few, then none. */
const KEPT_TURNS = [4, 0] as const;

export function createModelActivities(deps: ModelActivitiesDeps): ModelActivities {
  const db = deps.pools.writes;
  const blobs = cachedBlobs(deps.blobs);
  const paid: PaidCallDeps = { ...deps, prices: deps.prices ?? {}, ledger: new Ledger(deps.pools, blobs) };
  return {
    /**
     * Repeating it is free: an attempt that finds the kept reply returns it. An attempt that dies between the vendor's
     * answer and the keeping of it pays twice; the ledger shows both, the first as `lost`.
     */
    callModel: (input) =>
      withHeartbeat(async (signal) => {
        const { runId, turn } = input;
        const { reads } = deps.pools;
        const [run, listed, totals] = await reads.together((db) =>
          Promise.all([findAgentRun(db, runId), listTurns(db, runId), spentTotals(db, runId)]),
        );
        if (!run) throw new Failure('NotFound', 'There is no such run.', { runId });
        const rows = await sealedBefore(deps, { run, turn, listed });
        const kept = rows.find(({ seq }) => seq === turn);
        if (kept) return keptStep(blobs, run, kept);
        const hit = budgetHit(run, { totals, grants: input.budgetGrants }, deps.runLimits ?? DEFAULT_RUN_LIMITS);
        if (hit) return { kind: 'budget', hit };
        const conversation = await loadConversation(blobs, run, rows);
        const blocks = await addedBlocks(db, input, conversation);
        const fence = withAttempt(input.fence, activityInfo().attempt);
        for (const request of requestsOf(conversation, blocks)) {
          const step = await buyIfItFits(paid, { run, turn, fence, conversation, request, signal });
          if (step !== 'too large') return step ?? keptStep(blobs, run, await findTurn(db, runId, turn));
        }
        throw new Failure('ContextTooLarge', 'The prompt alone is too long for the model.');
      }),
  };
}

/** The turns of a run. A seal that could not be made in its time is made up for: the vendor refuses open calls. */
async function sealedBefore(
  deps: ModelActivitiesDeps,
  { run, turn, listed }: { readonly run: AgentRun; readonly turn: number; readonly listed: readonly TurnRow[] },
): Promise<readonly TurnRow[]> {
  const open = listed.filter(({ seq, isSealed }) => seq < turn && !isSealed);
  if (open.length === 0) return listed;
  for (const row of open) await keepResults(deps, run, row);
  return listTurns(deps.pools.writes, run.runId);
}

async function keptStep(blobs: BlobStore, run: AgentRun, row: TurnRow | undefined): Promise<ModelStep> {
  if (!row?.responseRef) throw new Failure('Internal', 'The kept reply of the turn is gone.', { runId: run.runId });
  const text = replyText(await blobs.get(row.responseRef));
  return stepOf(run, { stopReason: row.stopReason ?? '', calls: row.calls, text });
}

/** Mail and notes of this turn. A turn that adds nothing to nothing is told to go on. */
async function addedBlocks(db: Queryable, input: CallModelInput, { rows }: Conversation): Promise<EncodedBlocks> {
  const before = rows.at(-1);
  const wasCut = before?.stopReason === 'max_tokens';
  const added = await additionBlocks(db, { mailIds: input.mailIds, notes: input.notes, wasCut });
  const isIdle = added === NO_BLOCKS && before !== undefined && before.resultsRef === null;
  return isIdle ? encodeBlocks([{ type: 'text', text: GO_ON }]) : added;
}

/** What to ask, and what to ask instead when the model refuses the size. */
function* requestsOf({ prompt, turns, rows }: Conversation, blocks: EncodedBlocks): Iterable<TurnRequest> {
  yield { kind: 'added', blocks };
  for (const keep of KEPT_TURNS) yield compact(prompt, turns, rows, { keep, blocks });
}

async function buyIfItFits(...[deps, call]: Parameters<typeof buyReply>): Promise<ModelStep | 'too large' | undefined> {
  try {
    return await buyReply(deps, call);
  } catch (error) {
    // The ledger knows; a shorter conversation may fit.
    if (error instanceof Failure && error.type === 'ContextTooLarge') return 'too large';
    throw error;
  }
}
