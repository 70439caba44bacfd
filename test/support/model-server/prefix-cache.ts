import { createHash } from 'node:crypto';
import { countTokens } from './tokens.js';
import { blocksOf, type CacheControl, type WireRequest } from './wire.js';

export interface CacheUsage {
  readonly inputTokens: number;
  readonly write5mTokens: number;
  readonly write1hTokens: number;
  readonly readTokens: number;
}

interface Part {
  /** Hash of everything up to and including this block. */
  readonly prefix: string;
  /** Tokens up to and including this block. */
  readonly tokens: number;
  readonly mark: CacheControl | undefined;
}

/** Positions looked at for one mark, the mark's own among them. */
const LOOK_BACK_BLOCKS = 20;
const TTL_MS = { '5m': 300_000, '1h': 3_600_000 } as const;

/** cache_control is where a mark stands, not part of what is cached. Key order counts: bytes are compared. */
const withoutMark = (block: object): string =>
  JSON.stringify(block, (key, value: unknown) => (key === 'cache_control' ? undefined : value));

function partsOf(request: WireRequest): readonly Part[] {
  const parts: Part[] = [];
  let hash = '';
  let tokens = 0;
  const add = (label: string, block: { readonly cache_control?: CacheControl | null }): void => {
    const text = withoutMark(block);
    hash = createHash('sha256').update(`${hash}\n${label}\n${text}`).digest('hex');
    tokens += countTokens(text);
    parts.push({ prefix: hash, tokens, mark: block.cache_control ?? undefined });
  };
  for (const tool of request.tools ?? []) add('tool', tool);
  for (const block of blocksOf(request.system ?? [])) add('system', block);
  // A change of tool_choice invalidates the messages, not tools and system.
  if (request.tool_choice !== undefined) {
    hash = createHash('sha256')
      .update(`${hash}\n${JSON.stringify(request.tool_choice)}`)
      .digest('hex');
  }
  for (const message of request.messages) for (const block of blocksOf(message.content)) add(message.role, block);
  return parts;
}

/**
 * The vendor's prompt cache: prefixes in the order tools, system, messages, written at marks, found at a mark or up
 * to 19 blocks before it, kept for 5 minutes or an hour after their last use, never below a minimum size.
 */
export class PrefixCache {
  readonly #expiry = new Map<string, number>();

  constructor(private readonly options: { readonly minTokens: number; readonly now: () => number }) {}

  /** Accounts one call of `owner` (key and model) and remembers its marked prefixes. */
  account(owner: string, request: WireRequest): CacheUsage {
    const parts = partsOf(request);
    const total = parts.at(-1)?.tokens ?? 0;
    const marks = parts.flatMap((part, index) => (part.mark ? [index] : []));
    const readTokens = this.#longestHit(owner, parts, marks);
    let write5mTokens = 0;
    let write1hTokens = 0;
    let covered = readTokens;
    for (const index of marks) {
      const part = parts[index];
      if (!part || part.tokens < this.options.minTokens) continue;
      const ttl = part.mark?.ttl ?? '5m';
      this.#expiry.set(`${owner} ${part.prefix}`, this.options.now() + TTL_MS[ttl]);
      if (part.tokens <= covered) continue;
      if (ttl === '1h') write1hTokens += part.tokens - covered;
      else write5mTokens += part.tokens - covered;
      covered = part.tokens;
    }
    return { inputTokens: total - covered, write5mTokens, write1hTokens, readTokens };
  }

  #longestHit(owner: string, parts: readonly Part[], marks: readonly number[]): number {
    for (const mark of [...marks].reverse()) {
      for (let index = mark; index > mark - LOOK_BACK_BLOCKS && index >= 0; index--) {
        const part = parts[index];
        if (part && (this.#expiry.get(`${owner} ${part.prefix}`) ?? 0) > this.options.now()) return part.tokens;
      }
    }
    return 0;
  }
}
