import { APIError } from '@anthropic-ai/sdk';
import { Failure, type FailureType } from '../../../domain/failures.js';

/** Codes of limits that no waiting of minutes lifts. */
const SPEND_CODES: ReadonlySet<string> = new Set([
  'contract_spend_limit_reached',
  'enforced_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
]);

const TYPES: Readonly<Record<string, FailureType>> = {
  authentication_error: 'PermissionDenied',
  permission_error: 'PermissionDenied',
  invalid_request_error: 'InvalidInput',
  not_found_error: 'InvalidInput',
  request_too_large: 'ContextTooLarge',
  rate_limit_error: 'RateLimited',
  billing_error: 'QuotaExhausted',
  api_error: 'Unavailable',
  timeout_error: 'Unavailable',
  overloaded_error: 'Unavailable',
};

const STATUSES: Readonly<Record<number, FailureType>> = {
  400: 'InvalidInput',
  401: 'PermissionDenied',
  402: 'QuotaExhausted',
  403: 'PermissionDenied',
  404: 'InvalidInput',
  413: 'ContextTooLarge',
  422: 'InvalidInput',
  429: 'RateLimited',
};

/** The SDK's types promise texts; a gateway's error document holds anything. */
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function typeOf(error: APIError): FailureType {
  const message = textOf(error.apiMessage) ?? error.message;
  if (SPEND_CODES.has(textOf(error.errorCode) ?? '')) return 'QuotaExhausted';
  const vendorType = textOf(error.type) ?? '';
  const byType = Object.hasOwn(TYPES, vendorType) ? TYPES[vendorType] : undefined;
  // An error event has a type and no status; a proxy's page has a status and no type.
  const type = byType ?? STATUSES[error.status ?? 0] ?? 'Unavailable';
  // The vendor has no code of its own for these two.
  if (type === 'InvalidInput' && /prompt is too long|context (window|limit)/i.test(message)) return 'ContextTooLarge';
  if ((type === 'InvalidInput' || type === 'RateLimited') && /credit balance|spend limit|usage limits/i.test(message)) {
    return 'QuotaExhausted';
  }
  return type;
}

/** `retry-after` in seconds or as a date. */
function retryAfterMs(headers: Headers | undefined, now: number): number | undefined {
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined;
}

/** Classifies what the SDK threw: by `error.type`, then by status. Its own `Failure`s pass. */
export function toModelFailure(error: unknown, now: number = Date.now()): Failure {
  const inner = unwrap(error);
  if (inner instanceof Failure) return inner;
  if (inner instanceof SyntaxError) {
    return new Failure('MalformedReply', "The model's reply holds a line that is no JSON.", {}, { cause: inner });
  }
  if (!(inner instanceof APIError)) {
    return new Failure('Unavailable', 'The connection to the model broke.', {}, { cause: inner });
  }
  const type = typeOf(inner);
  const wait = retryAfterMs(inner.headers, now);
  const vendorType = textOf(inner.type)?.slice(0, 100) ?? '';
  const details = {
    ...(inner.status === undefined ? {} : { status: inner.status }),
    ...(vendorType === '' ? {} : { vendorType }),
    ...(inner.requestID ? { requestId: inner.requestID } : {}),
    ...(type === 'QuotaExhausted' && wait !== undefined ? { resetAt: new Date(now + wait).toISOString() } : {}),
  };
  const said = textOf(inner.apiMessage) ?? (inner.status === undefined ? 'connection error' : `status ${inner.status}`);
  return new Failure(type, `The model's provider answered: ${said.slice(0, 300)}`, details, {
    cause: inner,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** The SDK wraps what `fetch` threw as the cause of a connection error. */
function unwrap(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && !(inner instanceof Failure); depth++) {
    if (inner.cause instanceof Failure) return inner.cause;
    if (!(inner.cause instanceof Error)) return error;
    inner = inner.cause;
  }
  return inner instanceof Failure ? inner : error;
}
