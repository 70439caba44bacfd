/** What one failure type means to each surface. */
export interface FailureRule {
  /** Whether the engine may repeat the work that failed. */
  readonly retryable: boolean;
  /** HTTP status of the API's problem document. */
  readonly status: number;
  /** Code an agent's tool call is answered with. */
  readonly tool: ToolErrorCode;
}

export type ToolErrorCode =
  | 'PERMISSION_DENIED'
  | 'TOOL_NOT_FOUND'
  | 'INVALID_INPUT'
  | 'RESOURCE_NOT_FOUND'
  | 'INVALID_STATE'
  | 'TRANSIENT_ERROR'
  | 'INTERNAL_ERROR';

/** The one table of failures: ports throw them, workflows match `type`, the API maps `status`. */
export const FAILURES = {
  InvalidInput: { retryable: false, status: 400, tool: 'INVALID_INPUT' },
  PermissionDenied: { retryable: false, status: 403, tool: 'PERMISSION_DENIED' },
  NotFound: { retryable: false, status: 404, tool: 'RESOURCE_NOT_FOUND' },
  InvalidState: { retryable: false, status: 409, tool: 'INVALID_STATE' },
  Conflict: { retryable: false, status: 409, tool: 'INVALID_STATE' },
  StaleVersion: { retryable: false, status: 412, tool: 'INVALID_STATE' },
  RateLimited: { retryable: true, status: 429, tool: 'TRANSIENT_ERROR' },
  QuotaExhausted: { retryable: false, status: 503, tool: 'TRANSIENT_ERROR' },
  Unavailable: { retryable: true, status: 503, tool: 'TRANSIENT_ERROR' },
  MalformedReply: { retryable: true, status: 502, tool: 'TRANSIENT_ERROR' },
  DeadlineExceeded: { retryable: false, status: 504, tool: 'TRANSIENT_ERROR' },
  BudgetExceeded: { retryable: false, status: 409, tool: 'INVALID_STATE' },
  ContextTooLarge: { retryable: false, status: 500, tool: 'INTERNAL_ERROR' },
  NeverStarted: { retryable: false, status: 500, tool: 'INTERNAL_ERROR' },
  WorktreeLost: { retryable: false, status: 500, tool: 'INTERNAL_ERROR' },
  Superseded: { retryable: false, status: 500, tool: 'INTERNAL_ERROR' },
  Internal: { retryable: true, status: 500, tool: 'INTERNAL_ERROR' },
} as const satisfies Record<string, FailureRule>;

export type FailureType = keyof typeof FAILURES;

/** Small, secret-free facts about a failure; they reach histories, logs and HTTP answers. */
export type FailureDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A classified failure. Ports throw it; nothing but `type` is matched by code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly type: FailureType,
    /** One sentence for people. */
    message: string,
    readonly details: FailureDetails = {},
    options: {
      readonly cause?: unknown /** Wait before the next attempt, when the other side said so. */;
      readonly retryAfterMs?: number;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
  readonly retryAfterMs: number | undefined;
}

export const isFailureType = (value: unknown): value is FailureType =>
  typeof value === 'string' && Object.hasOwn(FAILURES, value);

/** A refusal that a pure rule answers with: the caller turns it into an error of its own kind. */
export interface Refusal {
  readonly type: FailureType;
  readonly message: string;
}
