import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { HttpRequest } from '../http/server.js';

export const KEY_ROLES = ['viewer', 'member', 'lead', 'admin'] as const;
/** Each includes what the ones before it may do. */
export type KeyRole = (typeof KEY_ROLES)[number];

/** Projects a key may see; null = all. Another project's rows do not exist for it. */
export type Scope = readonly string[] | null;

/** Who asks. */
export interface Caller {
  readonly keyId: string;
  /** Name of the key: what rows, mail and decisions call the person. */
  readonly by: string;
  readonly role: KeyRole;
  readonly scope: Scope;
  readonly ip: string;
  /** Binds cursors to the key. */
  readonly cursorSecret: string;
  readonly idempotencyKey: string | undefined;
}

export const hasRole = (caller: Pick<Caller, 'role'>, needed: KeyRole): boolean =>
  KEY_ROLES.indexOf(caller.role) >= KEY_ROLES.indexOf(needed);

export const ByCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<HttpRequest>();
  // A public route that asks who calls is a mistake of ours; it must not become an anonymous write.
  if (caller === null) throw new Failure('PermissionDenied', 'This route needs an API key.');
  return caller;
});
