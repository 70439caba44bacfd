import { Failure } from '../../domain/failures.js';

const MAX_DEPTH = 32;
const MAX_ITEMS = 100_000;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const refuse = (rule: string): Failure => new Failure('InvalidInput', `The request body ${rule}.`);

/**
 * Reads a JSON object as strictly as it can be read: what two parsers could understand differently, or PostgreSQL
 * cannot keep, is refused. An empty body is an empty object.
 * @throws InvalidInput
 */
export const parseJsonBody = (bytes: Buffer): object => {
  if (bytes.length === 0) return {};
  const text = decode(bytes);
  checkStructure(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('must be a JSON object');
  checkValues(value);
  return value;
};

const decode = (bytes: Buffer): string => {
  let text: string;
  try {
    text = STRICT_UTF8.decode(bytes);
  } catch {
    throw refuse('is not UTF-8');
  }
  if (text.startsWith('\uFEFF')) throw refuse('begins with a byte order mark');
  return text;
};

/** Depth, size and repeated keys, before `JSON.parse` spends anything on them and drops all but the last key. */
const checkStructure = (text: string): void => {
  const open: (Set<string> | undefined)[] = [];
  let items = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (keys !== undefined && isKey(text, end)) addKey(keys, text.slice(at, end + 1));
      at = end;
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined);
      if (open.length > MAX_DEPTH) throw refuse(`is nested deeper than ${MAX_DEPTH} levels`);
    } else if (char === '}' || char === ']') open.pop();
    else if (char === ',' && ++items > MAX_ITEMS) throw refuse(`holds more than ${MAX_ITEMS} items`);
  }
};

const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  throw refuse('is not valid JSON');
};

const isKey = (text: string, endOfText: number): boolean => {
  let at = endOfText + 1;
  while (at < text.length && /\s/.test(text[at] ?? '')) at++;
  return text[at] === ':';
};

const addKey = (keys: Set<string>, literal: string): void => {
  let key: string;
  try {
    key = JSON.parse(literal) as string; // a JSON string literal
  } catch {
    throw refuse('is not valid JSON');
  }
  if (keys.has(key)) throw refuse('repeats a key');
  if (FORBIDDEN_KEYS.has(key)) throw refuse('holds a key that is not allowed');
  keys.add(key);
};

const checkValues = (value: unknown): void => {
  if (typeof value === 'string') checkText(value);
  else if (typeof value === 'number' && !Number.isFinite(value)) throw refuse('holds a number that is out of range');
  else if (Array.isArray(value)) for (const item of value) checkValues(item);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      checkText(key);
      checkValues(item);
    }
  }
};

const checkText = (text: string): void => {
  if (text.includes('\u0000')) throw refuse('holds a NUL character');
  if (!text.isWellFormed()) throw refuse('holds half of a surrogate pair');
};
