import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { Failure } from '../../domain/failures.js';
import type { TextPattern } from '../../domain/project-config/nodes.js';
import type { HttpRequest } from '../http/server.js';

/** A path parameter that must be a UUID. */
const uuidParam = (name: string) =>
  createParamDecorator((_data: unknown, context: ExecutionContext): string => {
    const params = context.switchToHttp().getRequest<HttpRequest>().params as Readonly<Record<string, string>>;
    const value = params[name] ?? '';
    if (!isUuid(value)) throw new Failure('InvalidInput', `${name} must be a UUID.`);
    return value.toLowerCase();
  });

export const Id = uuidParam('id');
export const ProjectId = uuidParam('projectId');

/** A branch name as git would take it, and no name that git reads in another way. */
export const BRANCH: TextPattern = {
  source: /^(?!HEAD$|refs\/)(?!.*(\.\.|\/\/|\/\.|\.lock(\/|$)))[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}(?<![./])$/.source,
  rule: 'be the name of a branch, such as release/2.0 or main',
};

/** A branch in the path, its slashes written %2F. */
export const Branch = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const { branch } = context.switchToHttp().getRequest<HttpRequest>().params as { readonly branch?: string };
  if (branch === undefined || !new RegExp(BRANCH.source).test(branch))
    throw new Failure('InvalidInput', `branch must ${BRANCH.rule}.`);
  return branch;
});
