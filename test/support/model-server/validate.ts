import { blocksOf, invalid, type WireBlock, type WireMessage, type WireRequest } from './wire.js';

const MAX_CACHE_MARKS = 4;
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Refuses what the vendor refuses, so that a malformed conversation fails in tests and not with a real key.
 * @throws WireError 400
 */
export function validateRequest(body: unknown): WireRequest {
  if (!isObject(body)) throw invalid('The request body must be a JSON object.');
  // The shape is checked field by field below; the cast only gives the fields their names.
  const request = body as unknown as WireRequest;
  if (typeof request.model !== 'string' || request.model === '') throw invalid('model: Field required');
  if (!Number.isInteger(request.max_tokens) || request.max_tokens < 1) throw invalid('max_tokens: Field required');
  if (!Array.isArray(request.messages) || request.messages.length === 0) {
    throw invalid('messages: at least one message is required');
  }
  checkTools(request);
  request.messages.forEach(checkMessage);
  checkPairs(request.messages);
  const marks = countMarks(request);
  if (marks > MAX_CACHE_MARKS) {
    throw invalid(`A maximum of ${MAX_CACHE_MARKS} blocks with cache_control may be provided. Found ${marks}.`);
  }
  return request;
}

function checkTools({ tools = [] }: WireRequest): void {
  const seen = new Set<string>();
  for (const tool of tools) {
    if (!NAME.test(tool.name)) throw invalid(`tools: name should match ${NAME.source}`);
    if (seen.has(tool.name)) throw invalid('tools: Tool names must be unique.');
    if (!isObject(tool.input_schema) || tool.input_schema.type !== 'object') {
      throw invalid(`tools.${tool.name}.input_schema.type: Field required`);
    }
    seen.add(tool.name);
  }
}

function checkMessage(message: WireMessage, index: number): void {
  const at = `messages.${index}`;
  if (!['user', 'assistant', 'system'].includes(message.role)) throw invalid(`${at}: unexpected role`);
  const blocks = blocksOf(message.content);
  if (!Array.isArray(blocks) || blocks.length === 0) throw invalid(`${at}: all messages must have non-empty content`);
  for (const block of blocks) {
    if (block.type === 'text' && !block.text?.trim()) {
      throw invalid(`${at}: text content blocks must contain non-whitespace text`);
    }
    if (block.type === 'tool_use' && (!NAME.test(block.id ?? '') || !isObject(block.input))) {
      throw invalid(`${at}: tool_use needs an id and an object as input`);
    }
  }
}

const idsOf = (blocks: readonly WireBlock[], type: string, key: 'id' | 'tool_use_id'): string[] =>
  blocks.filter((block) => block.type === type).map((block) => block[key] ?? '');

/** Every tool_use is answered in the very next message, and only what was asked is answered. */
function checkPairs(messages: readonly WireMessage[]): void {
  messages.forEach((message, index) => {
    const blocks = blocksOf(message.content);
    const asked = idsOf(blocks, 'tool_use', 'id');
    const next = messages[index + 1];
    const answered = next ? idsOf(blocksOf(next.content), 'tool_result', 'tool_use_id') : [];
    const open = asked.filter((id) => !answered.includes(id));
    if (open.length > 0) {
      throw invalid(
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}`,
      );
    }
    const before = messages[index - 1];
    const known = before ? idsOf(blocksOf(before.content), 'tool_use', 'id') : [];
    for (const id of idsOf(blocks, 'tool_result', 'tool_use_id')) {
      if (!known.includes(id)) {
        throw invalid(`messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}`);
      }
    }
  });
}

function countMarks({ tools = [], system = [], messages }: WireRequest): number {
  const blocks = [...blocksOf(system), ...messages.flatMap((message) => blocksOf(message.content))];
  return [...tools, ...blocks].filter((part) => part.cache_control).length;
}
