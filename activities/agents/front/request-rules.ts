/** What a program asks for, as far as the books need it. */
export interface AskedCall {
  /** The request as it was understood: of keys that came twice, the vendor must not read the other. */
  readonly body: Buffer;
  readonly maxTokens: number;
}

/** A refusal in the vendor's terms. */
export interface Refusal {
  readonly status: number;
  readonly type: 'invalid_request_error' | 'permission_error';
  readonly message: string;
}

/** Tools that the program runs itself. Any other would let the vendor fetch or run something for it. */
const OWN_TOOL = /^(custom|(bash|text_editor|memory|computer)_\d{8})$/;
const KNOWN = new Set([
  ...['model', 'max_tokens', 'messages', 'system', 'tools', 'tool_choice', 'stream', 'temperature', 'top_p', 'top_k'],
  ...['stop_sequences', 'metadata', 'thinking', 'output_config', 'context_management', 'cache_control'],
]);
const MAX_TOKENS = 200_000;
/** Nothing real nests deeper. */
const MAX_DEPTH = 64;

const invalid = (message: string): Refusal => ({ status: 400, type: 'invalid_request_error', message });
const forbidden = (message: string): Refusal => ({ status: 403, type: 'permission_error', message });

/**
 * Reads a request to the Messages API that comes out of a sandbox. Only the model that the host's configuration names
 * is bought, and nothing that makes the vendor reach out: server tools, connectors, files and addresses to fetch would
 * be a way out of the sandbox.
 */
export const readAskedCall = (body: Buffer, model: string): AskedCall | Refusal => {
  const request = parseObject(body);
  if (request === undefined) return invalid('The body is no JSON object.');
  if (request.model !== model) return forbidden(`This run may ask ${model} only.`);
  const maxTokens = request.max_tokens;
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1 || maxTokens > MAX_TOKENS)
    return invalid(`max_tokens must be a whole number from 1 to ${MAX_TOKENS}.`);
  const unknown = Object.keys(request).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) return forbidden(`The model broker does not pass on ${JSON.stringify(unknown)}.`);
  const tools: readonly unknown[] = Array.isArray(request.tools) ? request.tools : [];
  if (!tools.every(isOwnTool)) return forbidden('Only tools that the program runs itself are passed on.');
  if (reachesOut([request.messages, request.system], 0))
    return forbidden('Content must be in the request: addresses and stored files are not passed on.');
  return { body: Buffer.from(JSON.stringify(request)), maxTokens };
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseObject = (body: Buffer): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // said by the caller
  }
};

const isOwnTool = (tool: unknown): boolean =>
  isObject(tool) && (tool.type === undefined || (typeof tool.type === 'string' && OWN_TOOL.test(tool.type)));

/** Whether a source of content is anything but what the request itself holds. */
const reachesOut = (value: unknown, depth: number): boolean => {
  if (depth > MAX_DEPTH) return true;
  if (Array.isArray(value)) return value.some((item) => reachesOut(item, depth + 1));
  if (!isObject(value)) return false;
  // What a tool is called with is the program's own business.
  if (value.type === 'tool_use') return false;
  const { source } = value;
  if (isObject(source) && (source.type === 'url' || source.type === 'file')) return true;
  return value.type === 'container_upload' || Object.values(value).some((item) => reachesOut(item, depth + 1));
};
