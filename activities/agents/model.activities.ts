import { activityInfo } from '@temporalio/activity';
import { Failure } from '../../domain/failures.js';
import { costMicroUsd, type ModelPrice, priceOf } from '../../domain/pricing.js';
import { redactSecrets } from '../../domain/redaction.js';
import { toolsFor } from '../../domain/tools/catalogue.js';
import { toolTitle } from '../../domain/tools/title.js';
import type { BlobStore } from '../../infra/artifacts.js';
import type { Pools } from '../../infra/pg/pools.js';
import type { CallModelInput, ModelActivities, ModelStep } from '../../workflows/contract/activities/agents.js';
import { withAttempt } from '../../workflows/contract/fence.js';
import { type AgentRun, findAgentRun } from '../store/agent-run.repository.js';
import { findTurn, listTurns, type TurnCall, type TurnRow } from '../store/turn.repository.js';
import { spentTotals } from '../store/usage.repository.js';
import { withHeartbeat } from '../support/heartbeat.js';
import { keepTrying } from './keep-trying.js';
import { Ledger } from './ledger.js';
import { budgetHit } from './limits.js';
import type { ModelPort, ModelReply, ReplyBlock } from './model-port.js';
import { replyText, stepOf } from './model-step.js';
import { systemPrompt } from './prompts/system.js';
import { cachedBlobs } from './transcripts/cached-blobs.js';
import { compact } from './transcripts/compact.js';
import { type EncodedBlocks, encodeBlocks, encodeHead, encodeRequest, NO_BLOCKS } from './transcripts/encode.js';
import {
  encodePrompt,
  loadTurn,
  messagesOf,
  type TurnRequest,
  type TurnTexts,
  writeRequest,
} from './transcripts/transcript.js';
import { additionBlocks } from './turn-request.js';

export interface ModelActivitiesDeps {
  readonly pools: Pools;
  readonly blobs: BlobStore;
  readonly model: ModelPort;
  /** Of the host's configuration; wins over the built-in table. */
  readonly prices?: Readonly<Record<string, ModelPrice>>;
  /** Model of a run whose row names none. */
  readonly defaultModel: string;
}

const CONTEXT_FULL = 'model_context_window_exceeded';
const DEFAULT_MAX_TOKENS = 16_384;
const GO_ON = 'Go on. Call task_complete when the work is done, or task_block when it cannot be done.';
/** Turns that stay in a transcript that has grown too long: first a few, then none. */
const KEPT_TURNS = [4, 0] as const;

interface Conversation {
  readonly prompt: EncodedBlocks;
  readonly rows: readonly TurnRow[];
  readonly turns: readonly TurnTexts[];
}

export function createModelActivities(deps: ModelActivitiesDeps): ModelActivities {
  const { pools } = deps;
  const blobs = cachedBlobs(deps.blobs);
  const ledger = new Ledger(pools);

  const kept = async (run: AgentRun, turn: number): Promise<ModelStep | undefined> => {
    const row = await findTurn(pools.writes, run.runId, turn);
    if (!row?.responseRef) return undefined;
    const text = replyText(await blobs.get(row.responseRef));
    return stepOf(run, { stopReason: row.stopReason ?? '', calls: row.calls, text });
  };

  const load = async (run: AgentRun): Promise<Conversation> => {
    if (run.promptRef === null) throw new Failure('InvalidState', 'The run has no prompt.', { runId: run.runId });
    const rows = await listTurns(pools.writes, run.runId);
    const [prompt, turns] = await Promise.all([
      blobs.get(run.promptRef),
      Promise.all(rows.map((row) => loadTurn(blobs, row))),
    ]);
    return { prompt: encodePrompt(prompt), rows, turns };
  };

  /** One paid attempt. */
  const buy = async (
    run: AgentRun,
    input: CallModelInput,
    { prompt, turns }: Conversation,
    request: TurnRequest,
    signal: AbortSignal,
  ): Promise<ModelStep | undefined> => {
    const model = run.model ?? deps.defaultModel;
    const maxTokens = run.configuredMaxTokens ?? run.maxTokens ?? DEFAULT_MAX_TOKENS;
    const price = priceOf(model, deps.prices);
    const tools = toolsFor(run.role, run.kind);
    const head = encodeHead({ model, maxTokens, tools, system: systemPrompt(run.role, run.kind) });
    const body = encodeRequest(head, messagesOf(prompt, turns, request));
    const requestRef = await blobs.put(writeRequest(request));
    const fence = withAttempt(input.fence, activityInfo().attempt);
    const start = { run, turn: input.turn, fence, requestRef, requestBytes: Buffer.byteLength(body) };
    const key = await ledger.begin({ ...start, model, maxTokens, price });
    const reply = await deps.model.complete({ body }, signal).catch(async (error: unknown) => {
      await ledger.fail(key, error);
      throw error;
    });
    const cost = costMicroUsd(reply.usage, price);
    if (reply.stopReason === CONTEXT_FULL) {
      await ledger.spend(key, reply.usage, cost);
      throw new Failure('ContextTooLarge', 'The conversation fills the context of the model.');
    }
    const keep = async (): Promise<readonly [readonly TurnCall[], boolean]> => {
      const calls = await keepInputs(reply);
      const responseRef = await blobs.put(encodeBlocks(sendable(reply.blocks)));
      const { stopReason, usage } = reply;
      const row = { runId: run.runId, seq: input.turn, requestRef, responseRef, stopReason, usage, calls };
      return [calls, await ledger.keep(key, { ...row, costMicroUsd: cost })];
    };
    const [calls, isKept] = await keepTrying(keep, signal);
    return isKept ? stepOf(run, { ...reply, calls }) : undefined;
  };

  const keepInputs = (reply: ModelReply): Promise<readonly TurnCall[]> =>
    Promise.all(
      reply.calls.map(async ({ callId, name, input }) => ({
        id: callId,
        name,
        inputRef: await blobs.put(JSON.stringify(input)),
        title: redactSecrets(toolTitle(name, input)),
      })),
    );

  const call = async (run: AgentRun, input: CallModelInput, signal: AbortSignal): Promise<ModelStep> => {
    const conversation = await load(run);
    const before = conversation.rows.at(-1);
    const wasCut = before?.stopReason === 'max_tokens';
    const added = await additionBlocks(pools.writes, { mailIds: input.mailIds, notes: input.notes, wasCut });
    const isIdle = added === NO_BLOCKS && before !== undefined && before.resultsRef === null;
    const blocks = isIdle ? encodeBlocks([{ type: 'text', text: GO_ON }]) : added;
    const requests: readonly (() => TurnRequest)[] = [
      () => ({ kind: 'added', blocks }),
      ...KEPT_TURNS.map(
        (keep) => () => compact(conversation.prompt, conversation.turns, conversation.rows, { keep, blocks }),
      ),
    ];
    for (const [index, request] of requests.entries()) {
      try {
        const step = await buy(run, input, conversation, request(), signal);
        if (step) return step;
        break;
      } catch (error) {
        const isTooLarge = error instanceof Failure && error.type === 'ContextTooLarge';
        if (!isTooLarge || index === requests.length - 1) throw error;
      }
    }
    const step = await kept(run, input.turn);
    if (!step) throw new Failure('Internal', 'The kept reply of the turn is gone.', { runId: run.runId });
    return step;
  };

  return {
    /**
     * Repeating it is free: an attempt that finds the kept reply returns it. An attempt that dies between the vendor's
     * answer and the keeping of it pays twice; the ledger shows both, the first as `lost`.
     */
    callModel: (input) =>
      withHeartbeat(async (signal) => {
        const run = await findAgentRun(pools.writes, input.runId);
        if (!run) throw new Failure('NotFound', 'There is no such run.', { runId: input.runId });
        const step = await kept(run, input.turn);
        if (step) return step;
        const hit = budgetHit(run, await spentTotals(pools.writes, run), input.budgetGrants);
        if (hit) return { kind: 'budget', hit };
        return call(run, input, signal);
      }),
  };
}

/** What the vendor takes back: no text without a visible character, and no thought that led to nothing. */
function sendable(blocks: readonly ReplyBlock[]): readonly ReplyBlock[] {
  const visible = blocks.filter((block) => block.type !== 'text' || String(block.text).trim() !== '');
  return visible.every(({ type }) => type === 'thinking' || type === 'redacted_thinking') ? [] : visible;
}
