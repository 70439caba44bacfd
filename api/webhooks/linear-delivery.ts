import { Failure } from '../../domain/failures.js';
import { type LinearHint, linearHintOf } from '../../domain/forge/linear-hint.js';
import { ApiError } from '../http/problem.js';
import { type Headers, jsonObjectOf, readHeader } from './delivery.js';

/** A delivery that was verified, as the inbox keeps it. */
export interface LinearDelivery {
  readonly id: string;
  /** What kind of thing it is about: `Issue`. */
  readonly event: string;
  /** Undefined where it says nothing to us. */
  readonly hint: LinearHint | undefined;
}

const ID = /^[0-9A-Za-z-]{1,64}$/;
const TYPE = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
/** As in Linear's own client. */
const MOST_SKEW_MS = 60_000;

/**
 * Reads what was signed: the body, whose time is part of it. The headers are not, so that what they say is believed of
 * the delivery's id alone.
 * @throws InvalidInput; Unauthenticated when it was sent at another time than now
 */
export const toLinearDelivery = (headers: Headers, body: Buffer, nowMs: number): LinearDelivery => {
  const id = readHeader(headers, 'linear-delivery', ID);
  if (body.length === 0) throw new Failure('InvalidInput', 'The delivery has no body.');
  const payload: Readonly<Record<string, unknown>> = { ...jsonObjectOf(body) };
  const { webhookTimestamp: sentMs, type } = payload;
  if (typeof sentMs !== 'number' || !Number.isFinite(sentMs))
    throw new Failure('InvalidInput', 'The delivery does not say when it was sent.');
  if (Math.abs(nowMs - sentMs) > MOST_SKEW_MS)
    throw new ApiError('Unauthenticated', 'The delivery was not sent within the last minute.');
  if (typeof type !== 'string' || !TYPE.test(type))
    throw new Failure('InvalidInput', 'The delivery does not say what it is about.');
  return { id, event: type, hint: linearHintOf(payload) };
};
