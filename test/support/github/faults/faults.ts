import { randomOf } from '../random.js';

/** What a scripted fault does to a request. */
export type FaultAct =
  /** Answers so, and does nothing. A string is sent as HTML. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Does it, and cuts the connection instead of answering. */
  | { readonly kind: 'apply-then-cut' }
  /** Does it, and answers only when the caller has given up. */
  | { readonly kind: 'apply-then-hang' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'hang' }
  /** Does it and answers so much later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Does it and answers half of the body. */
  | { readonly kind: 'truncate' };

export interface Fault {
  /** Default: any. */
  readonly method?: string;
  /** Of the path below the API, or of a git path; default: any. Text is a regular expression. */
  readonly path?: RegExp | string;
  readonly act: FaultAct;
  /** Default 1; 0 is for ever. */
  readonly times?: number;
  /** Requests that match before it begins. Default 0. */
  readonly after?: number;
  /** Default 1. */
  readonly chance?: number;
}

interface Armed {
  readonly fault: Fault;
  seen: number;
  struck: number;
}

const json = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): FaultAct => ({
  kind: 'answer',
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  headers,
});

const HTML =
  '<!DOCTYPE html><html><head><title>Unicorn! &middot; GitHub</title></head><body>We had issues producing the response to your request.</body></html>';

/** Refusals in GitHub's own form. */
export const ANSWERS = {
  serverError: json(500, 'Server Error'),
  badGatewayPage: { kind: 'answer', status: 502, body: HTML },
  unavailable: json(503, 'No server is currently available to service your request. Sorry about that.'),
  badCredentials: json(401, 'Bad credentials'),
  forbidden: json(403, 'Resource not accessible by integration'),
  notFound: json(404, 'Not Found'),
  conflict: json(409, 'Conflict'),
  gone: json(410, 'This resource is no longer available'),
  unprocessable: json(422, 'Validation Failed'),
  legal: json(451, 'Repository access blocked'),
  primaryLimit: (resetAtSeconds: number): FaultAct =>
    json(403, 'API rate limit exceeded for installation ID 1.', {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(resetAtSeconds),
    }),
  /** Without `retryAfterSeconds` the caller has to choose how long it waits. */
  secondaryLimit: (status: 403 | 429 = 403, retryAfterSeconds?: number): FaultAct =>
    json(
      status,
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    ),
} as const satisfies Readonly<Record<string, FaultAct | ((...args: never[]) => FaultAct)>>;

/** Faults by script; the first one that matches strikes. */
export class Faults {
  private armed: Armed[] = [];
  private random = randomOf(1);

  add(...faults: readonly Fault[]): void {
    this.armed.push(...faults.map((fault) => ({ fault, seen: 0, struck: 0 })));
  }

  clear(): void {
    this.armed = [];
  }

  seed(seed: number): void {
    this.random = randomOf(seed);
  }

  /** How often any has struck. */
  get struck(): number {
    return this.armed.reduce((sum, one) => sum + one.struck, 0);
  }

  strike(method: string, path: string): FaultAct | undefined {
    for (const armed of this.armed) {
      const { fault } = armed;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (fault.path !== undefined && !new RegExp(fault.path).test(path)) continue;
      armed.seen += 1;
      const { times = 1, after = 0, chance = 1 } = fault;
      if (armed.seen <= after || (times !== 0 && armed.struck >= times)) continue;
      if (chance < 1 && this.random() >= chance) continue;
      armed.struck += 1;
      return fault.act;
    }
    return undefined;
  }
}
