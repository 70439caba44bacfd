import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { HttpRequest } from '../http/server.js';

/** For a request that says everything by its path: a body with any field is refused. */
export const EmptyBody = createParamDecorator((_data: unknown, context: ExecutionContext): undefined => {
  const { body } = context.switchToHttp().getRequest<HttpRequest>();
  const [field] = Object.keys(body ?? {});
  if (field === undefined) return undefined;
  throw new Failure('InvalidInput', `The request is not valid: property ${field.slice(0, 100)} should not exist.`);
});
