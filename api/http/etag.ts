import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import type { HttpRequest } from './server.js';

/** `version` counts content edits, `revision` the workflow's transitions. */
export interface RowVersion {
  readonly version: number;
  readonly revision: number;
}

export const formatEtag = ({ version, revision }: RowVersion): string => `"${version}.${revision}"`;

const ETAG = /^"(\d{1,9})\.(\d{1,9})"$/;

/** Absent and `*` ask for nothing. @throws InvalidInput for anything that is no ETag of ours */
export const parseIfMatch = (header: string | undefined): RowVersion | undefined => {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, version, revision] = ETAG.exec(header.trim()) ?? [];
  if (version === undefined || revision === undefined) {
    throw new Failure('InvalidInput', 'If-Match must be one ETag as this API gives it, such as "1.4".');
  }
  return { version: Number(version), revision: Number(revision) };
};

export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext): RowVersion | undefined =>
  parseIfMatch(context.switchToHttp().getRequest<HttpRequest>().headers['if-match']),
);

/** @throws StaleVersion when the row is no longer what the caller saw */
export const checkVersion = (row: RowVersion, expected: RowVersion | undefined): void => {
  if (expected === undefined) return;
  if (row.version !== expected.version || row.revision !== expected.revision) throw staleVersion(row);
};

export const staleVersion = (row: RowVersion): Failure =>
  new Failure('StaleVersion', 'It has changed since you read it: read it again.', { etag: formatEtag(row) });
