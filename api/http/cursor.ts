import { createHmac, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../domain/failures.js';
import type { Caller } from '../auth/caller.js';

/** What a page was asked with; a cursor continues exactly that list. */
export interface ListQuestion {
  readonly list: string;
  readonly filters: Readonly<Record<string, unknown>>;
}

const MAC_BYTES = 16;

const macOf = ({ cursorSecret }: Caller, question: ListQuestion, position: string): Buffer =>
  createHmac('sha256', cursorSecret)
    .update(JSON.stringify([question.list, Object.entries(question.filters).sort(), position]))
    .digest()
    .subarray(0, MAC_BYTES);

/** Opaque, bound to the caller's key, the list and its filters. @param position of the last row of the page */
export const sealCursor = (caller: Caller, question: ListQuestion, position: string): string =>
  Buffer.concat([macOf(caller, question, position), Buffer.from(position)]).toString('base64url');

/** @throws InvalidInput when it was altered, or belongs to another list, filter or key */
export const openCursor = (caller: Caller, question: ListQuestion, cursor: string | undefined): string | undefined => {
  if (cursor === undefined) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(MAC_BYTES).toString('utf8');
  const mac = bytes.subarray(0, MAC_BYTES);
  if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, macOf(caller, question, position))) {
    throw new Failure('InvalidInput', 'The cursor is not one of this list.');
  }
  return position;
};

export interface Page<T> {
  readonly items: readonly T[];
  /** Of the next page; null at the end. */
  readonly nextCursor: string | null;
}

interface PageInput<Row, Item> {
  /** One more than `limit` when there is a next page. */
  readonly rows: readonly Row[];
  readonly limit: number;
  readonly question: ListQuestion;
  readonly caller: Caller;
  readonly positionOf: (row: Row) => string;
  readonly toItem: (row: Row) => Item;
}

/** Cuts a page out of `limit + 1` rows. */
export const toPage = <Row, Item>(input: PageInput<Row, Item>): Page<Item> => {
  const shown = input.rows.slice(0, input.limit);
  const last = shown.at(-1);
  const hasMore = input.rows.length > input.limit && last !== undefined;
  return {
    items: shown.map(input.toItem),
    nextCursor: hasMore ? sealCursor(input.caller, input.question, input.positionOf(last)) : null,
  };
};
