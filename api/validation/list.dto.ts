import { Text, WholeQuery } from './fields.js';

export const DEFAULT_LIMIT = 50;

/** What every list takes. */
export class ListQuery {
  @WholeQuery({ min: 1, max: 200, description: `Rows a page; ${DEFAULT_LIMIT} when absent.` })
  readonly limit: number = DEFAULT_LIMIT;

  @Text({ max: 2000, optional: true, description: '`nextCursor` of the page before.' })
  readonly cursor?: string;
}
