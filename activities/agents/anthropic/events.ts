import { Failure } from '../../../domain/failures.js';
import type { CallUsage } from '../../../domain/pricing.js';

// What stands in an event is a claim of whoever answered: the vendor, or a gateway before it.

export type Fields = Readonly<Record<string, unknown>>;

export const malformed = (message: string): Failure => new Failure('MalformedReply', `The model's reply ${message}.`);

export const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws MalformedReply */
export function recordIn(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (!isRecord(value)) throw malformed(`holds an event without its ${name}`);
  return value;
}

/** @throws MalformedReply */
export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw malformed(`holds an event whose ${name} is no text`);
  return value;
}

const MAX_BLOCKS = 10_000;

/** @throws MalformedReply */
export function indexIn(event: Fields): number {
  const { index } = event;
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < MAX_BLOCKS) return index;
  throw malformed('numbers its blocks wrongly');
}

/** More than any context holds: it would only spoil the books. */
const MAX_TOKENS = 1_000_000_000;

/** Absent or null stands for `fallback`. @throws MalformedReply */
function countIn(fields: Fields, name: string, fallback: number): number {
  const value = fields[name] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TOKENS) return value;
  throw malformed(`counts its ${name} wrongly`);
}

/** @throws MalformedReply */
export function usageAtStart(usage: Fields): CallUsage {
  const { cache_creation: creation } = usage;
  const writes = countIn(usage, 'cache_creation_input_tokens', 0);
  const write1h = isRecord(creation) ? countIn(creation, 'ephemeral_1h_input_tokens', 0) : 0;
  return {
    inputTokens: countIn(usage, 'input_tokens', 0),
    cacheWrite5mTokens: Math.max(0, writes - write1h),
    cacheWrite1hTokens: write1h,
    cacheReadTokens: countIn(usage, 'cache_read_input_tokens', 0),
    outputTokens: countIn(usage, 'output_tokens', 0),
  };
}

/** Cumulative figures; those that the vendor leaves out stand as they were. @throws MalformedReply */
export function usageAtEnd(before: CallUsage, usage: Fields): CallUsage {
  const writesBefore = before.cacheWrite5mTokens + before.cacheWrite1hTokens;
  const writes = countIn(usage, 'cache_creation_input_tokens', writesBefore);
  return {
    inputTokens: countIn(usage, 'input_tokens', before.inputTokens),
    cacheWrite1hTokens: before.cacheWrite1hTokens,
    cacheWrite5mTokens: Math.max(0, writes - before.cacheWrite1hTokens),
    cacheReadTokens: countIn(usage, 'cache_read_input_tokens', before.cacheReadTokens),
    outputTokens: countIn(usage, 'output_tokens', before.outputTokens),
  };
}
