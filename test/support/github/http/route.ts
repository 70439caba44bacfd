import type { Access, Role } from '../state/records.js';
import type { Answer, Call, RepositoryCall } from './call.js';

/** `permission:access`, as GitHub's documentation of an endpoint names what a token needs. */
export type Need = `${string}:${Access}`;

interface Shape {
  /** Method and path, as the published document has them. */
  readonly operation: string;
  /** Counts towards the limits of content creation. */
  readonly createsContent?: true;
}

export type Route = Shape &
  (
    | {
        readonly on: 'repository';
        /** One of them is enough. */
        readonly needs: readonly Need[];
        /** What a person's role must be at least. */
        readonly role: Role;
        readonly handle: (call: RepositoryCall) => Answer | Promise<Answer>;
      }
    /** With the App's own token (JWT). */
    | { readonly on: 'app'; readonly handle: (call: Call) => Answer | Promise<Answer> }
    /** For anyone with a token, or for anyone: the handler looks. */
    | { readonly on: 'anyone'; readonly handle: (call: Call) => Answer | Promise<Answer> }
  );

interface RepositoryRouteOptions {
  readonly needs: readonly Need[];
  /** Default: `read` when a need is one of reading, else `write`. */
  readonly role?: Role;
  readonly createsContent?: true;
}

export function onRepository(
  operation: string,
  { needs, role, createsContent }: RepositoryRouteOptions,
  handle: (call: RepositoryCall) => Answer | Promise<Answer>,
): Route {
  const least = role ?? (needs.some((need) => need.endsWith(':read')) ? 'read' : 'write');
  return { on: 'repository', operation, needs, role: least, handle, ...(createsContent ? { createsContent } : {}) };
}

export const asApp = (operation: string, handle: (call: Call) => Answer | Promise<Answer>): Route => ({
  on: 'app',
  operation,
  handle,
});

export const asAnyone = (operation: string, handle: (call: Call) => Answer | Promise<Answer>): Route => ({
  on: 'anyone',
  operation,
  handle,
});
