import { Failure } from '../../domain/failures.js';
import type { EventPlace, EventRow } from './event.repository.js';

const ID = /^(\d{1,20})-(\d{1,15})$/;
const MAX_XID = 2n ** 64n;

/** `<xid>-<position>`; undefined when the client names none. @throws InvalidInput */
export const parseLastEventId = (header: string | readonly string[] | undefined): EventPlace | undefined => {
  if (header === undefined || header === '') return undefined;
  const [, xid, position] = (typeof header === 'string' ? ID.exec(header) : null) ?? [];
  if (xid === undefined || position === undefined || BigInt(xid) >= MAX_XID) {
    throw new Failure('InvalidInput', 'Last-Event-ID must be the id of an event, such as 771-42.');
  }
  return { xid, position: Number(position) };
};

/** One event as the stream tells it. JSON has no raw line breaks, so one `data` line holds it. */
export const toSseBlock = ({ xid, position, at, ...event }: EventRow): string =>
  `id: ${xid}-${position}\ndata: ${JSON.stringify({ ...event, at: at.toISOString() })}\n\n`;
