import { isAscii } from 'node:buffer';
import { Failure } from '../../domain/failures.js';
import { type Hint, hintOf, isHintEvent } from '../../domain/forge/hint.js';

/** A delivery that was verified, as the inbox keeps it. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  /** Undefined where the event says nothing to us. */
  readonly hint: Hint | undefined;
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const ID = /^[0-9A-Za-z-]{1,64}$/;
const EVENT = /^[a-z0-9_]{1,64}$/;
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads what was signed. The body of an event that nobody looks at is not read at all.
 * @throws InvalidInput
 */
export const toDelivery = (headers: Headers, body: Buffer): Delivery => {
  const id = readHeader(headers, 'x-github-delivery', ID);
  const event = readHeader(headers, 'x-github-event', EVENT);
  if (body.length === 0) throw new Failure('InvalidInput', 'The delivery has no body.');
  if (!isHintEvent(event)) return { id, event, hint: undefined };
  return { id, event, hint: hintOf(event, parsePayload(headers, body)) };
};

/** @throws InvalidInput */
export const readHeader = (headers: Headers, name: string, rule: RegExp): string => {
  const value = headers[name];
  if (typeof value === 'string' && rule.test(value)) return value;
  throw new Failure('InvalidInput', `The header ${name} is missing or is not of its form.`);
};

/** GitHub sends JSON, or a form with the JSON as its field `payload`. */
const parsePayload = (headers: Headers, body: Buffer): object => {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(String(headers['content-type'] ?? ''));
  return jsonObjectOf(body, isForm ? (text) => new URLSearchParams(text).get('payload') ?? '' : undefined);
};

/** @param within where in the text the JSON is. @throws InvalidInput */
export const jsonObjectOf = (body: Buffer, within: (text: string) => string = (text) => text): object => {
  let payload: unknown;
  try {
    // Most are ASCII, which costs nothing to read.
    payload = JSON.parse(within(isAscii(body) ? body.toString('latin1') : STRICT_UTF8.decode(body)));
  } catch {
    throw new Failure('InvalidInput', 'The delivery is not JSON in UTF-8.');
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new Failure('InvalidInput', 'The delivery must be a JSON object.');
  }
  return payload;
};
