import { Failure } from '../../domain/failures.js';
import { costMicroUsd, type ModelPrice, priceOf } from '../../domain/pricing.js';
import { redactSecrets } from '../../domain/redaction.js';
import { toolsFor } from '../../domain/tools/catalogue.js';
import { toolTitle } from '../../domain/tools/title.js';
import { refOf } from '../../infra/artifacts.js';
import { faultPoint } from '../../infra/fault-point.js';
import type { ModelStep } from '../../workflows/contract/activities/agents.js';
import type { AgentRun } from '../store/agent-run.repository.js';
import type { TurnCall } from '../store/turn.repository.js';
import { keepTrying } from '../support/keep-trying.js';
import type { Conversation } from './conversation.js';
import type { Ledger } from './ledger.js';
import type { ModelPort, ReplyBlock, RequestedCall } from './model-port.js';
import { stepOf } from './model-step.js';
import { systemPrompt } from './prompts/system.js';
import { encodeBlocks, encodeHead, encodeRequest } from './transcripts/encode.js';
import { messagesOf, type TurnRequest, writeRequest } from './transcripts/transcript.js';

export interface PaidCallDeps {
  readonly ledger: Ledger;
  readonly model: ModelPort;
  /** Of the host's configuration; wins over the built-in table. */
  readonly prices: Readonly<Record<string, ModelPrice>>;
  /** Model of a run whose row names none. */
  readonly defaultModel: string;
}

export interface PaidCall {
  readonly run: AgentRun;
  readonly turn: number;
  /** With the attempt. */
  readonly fence: string;
  readonly conversation: Conversation;
  readonly request: TurnRequest;
  readonly signal: AbortSignal;
}

const DEFAULT_MAX_TOKENS = 16_384;
/** Stop reason of a reply that ran out of context: it is paid and of no use. */
const CONTEXT_FULL = 'model_context_window_exceeded';

/**
 * Makes one paid attempt: claim and reserve, call, keep. Undefined when the reply of another attempt was kept
 * meanwhile.
 * @throws whatever the model port throws, once the ledger knows of it
 */
export async function buyReply(deps: PaidCallDeps, call: PaidCall): Promise<ModelStep | undefined> {
  const { ledger } = deps;
  const { run, turn, signal, conversation, request } = call;
  const model = run.model ?? deps.defaultModel;
  const maxTokens = run.configuredMaxTokens ?? run.maxTokens ?? DEFAULT_MAX_TOKENS;
  const price = priceOf(model, deps.prices);
  const head = headOf(run, model, maxTokens);
  // As bytes once: they are counted here and sent as they are.
  const body = Buffer.from(encodeRequest(head, messagesOf(conversation.prompt, conversation.turns, request)));
  const start = { run, turn, fence: call.fence, requestText: writeRequest(request), model, maxTokens, price };
  const begun = await ledger.begin({ ...start, requestBytes: body.length });
  if (begun === undefined) return undefined;
  const { key, requestRef } = begun;
  await faultPoint('model-call.before-call');
  const reply = await deps.model.complete({ body }, signal).catch(async (error: unknown) => {
    await ledger.fail(key, error);
    throw error;
  });
  await faultPoint('model-call.after-call-before-record');
  const cost = costMicroUsd(reply.usage, price);
  if (reply.stopReason === CONTEXT_FULL) {
    await ledger.spend(key, reply.usage, cost);
    throw new Failure('ContextTooLarge', 'The conversation fills the context of the model.');
  }
  const inputs = reply.calls.map(({ input }) => JSON.stringify(input));
  const response = encodeBlocks(sendable(reply.blocks));
  const calls = reply.calls.map((asked, at) => callOf(asked, inputs[at] ?? ''));
  const { stopReason, usage } = reply;
  const row = { runId: run.runId, seq: turn, requestRef, responseRef: refOf(response), stopReason, usage, calls };
  const kept = { reply: { ...row, costMicroUsd: cost }, texts: [response, ...inputs] };
  const isKept = await keepTrying(() => ledger.keep(key, kept), signal);
  await faultPoint('model-call.after-record-before-ack');
  return isKept ? stepOf(run, { ...reply, calls }) : undefined;
}

const heads = new Map<string, string>();

/** Tools and system prompt are the same for every call of a role and kind, so they are encoded once a process. */
function headOf({ role, kind }: AgentRun, model: string, maxTokens: number): string {
  const key = `${role} ${kind} ${maxTokens} ${model}`;
  const known = heads.get(key);
  if (known !== undefined) return known;
  const head = encodeHead({ model, maxTokens, tools: toolsFor(role, kind), system: systemPrompt(role, kind) });
  heads.set(key, head);
  return head;
}

const callOf = ({ callId, name, input }: RequestedCall, inputText: string): TurnCall => ({
  id: callId,
  name,
  inputRef: refOf(inputText),
  title: redactSecrets(toolTitle(name, input)),
});

/** What the vendor takes back: no text without a visible character, and no thought that led to nothing. */
function sendable(blocks: readonly ReplyBlock[]): readonly ReplyBlock[] {
  const visible = blocks.filter((block) => block.type !== 'text' || String(block.text).trim() !== '');
  return visible.every(({ type }) => type === 'thinking' || type === 'redacted_thinking') ? [] : visible;
}
