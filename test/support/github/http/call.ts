import type { App, Installation, Repository, Token } from '../state/records.js';
import type { World } from '../world.js';

export type Caller =
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'installation'; readonly app: App; readonly installation: Installation; readonly token: Token }
  | { readonly kind: 'person'; readonly token: Token }
  | { readonly kind: 'anonymous' };

/** One request, on its way to its route. */
export interface Call {
  readonly world: World;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Conforms to the published schema of the operation; `{}` when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** Address as it was asked, for links to other pages. */
  readonly url: URL;
}

/** With the repository that its path names, which the caller may see. */
export type RepositoryCall = Call & { readonly repository: Repository };

export interface Answer {
  readonly status: number;
  /** Absent: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body });

export const noContent: Answer = { status: 204 };

/** In whose name a caller acts. */
export function loginOf(caller: Caller): string {
  if (caller.kind === 'installation' || caller.kind === 'person') return caller.token.login;
  if (caller.kind === 'app') return `${caller.app.slug}[bot]`;
  return 'ghost';
}

export const slugOf = (caller: Caller): string | null => (caller.kind === 'installation' ? caller.app.slug : null);

export const numberOf = (call: Call, name: string): number => Number(call.params[name]);
