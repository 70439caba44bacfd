import type { ToolDefinition } from '../../../domain/tools/schema.js';

/** JSON text of an array of content blocks, kept as it was first written. */
export type EncodedBlocks = string;

const MARK = ',"cache_control":{"type":"ephemeral"}';

export const NO_BLOCKS: EncodedBlocks = '[]';

export const encodeBlocks = (blocks: readonly object[]): EncodedBlocks => JSON.stringify(blocks);

/** Joins arrays as text: nothing that was encoded once is encoded again. */
export const joinBlocks = (...arrays: readonly EncodedBlocks[]): EncodedBlocks =>
  `[${arrays
    .map((array) => array.slice(1, -1))
    .filter((inner) => inner !== '')
    .join(',')}]`;

export interface EncodedMessage {
  readonly role: 'user' | 'assistant';
  readonly blocks: EncodedBlocks;
}

export interface RequestHead {
  readonly model: string;
  readonly maxTokens: number;
  readonly tools: readonly ToolDefinition[];
  readonly system: string;
}

const toolOf = ({ name, description, input }: ToolDefinition): object => ({ name, description, input_schema: input });

/** The part before the messages: fixed order, nothing volatile, one mark that covers tools and system. */
export const encodeHead = ({ model, maxTokens, tools, system }: RequestHead): string => {
  const blocks = [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }];
  const fields = { model, max_tokens: maxTokens, stream: true, tools: tools.map(toolOf), system: blocks };
  return `${JSON.stringify(fields).slice(0, -1)},"messages":[`;
};

/** Marks the end of a message: its last block is an object, so its text ends in `}]`. */
const encodeMessage = ({ role, blocks }: EncodedMessage, isMarked: boolean): string =>
  `{"role":"${role}","content":${isMarked ? `${blocks.slice(0, -2)}${MARK}}]` : blocks}}`;

/**
 * The request body. Three marks among the messages, with the head's four in all: the prompt, which a compacted
 * transcript still begins with; the newest user message of the last call, where its prefix was written, found however
 * many blocks the turn has added; and the newest of all, for the next call.
 */
export function encodeRequest(head: string, messages: readonly EncodedMessage[]): string {
  const users = messages.flatMap((message, index) => (message.role === 'user' ? [index] : []));
  const marked = new Set([users[0], users.at(-2), users.at(-1)]);
  return `${head}${messages.map((message, index) => encodeMessage(message, marked.has(index))).join(',')}]}`;
}
