import { Failure } from '../../../domain/failures.js';

/** The base that it needs is gone: for this look nothing else is to be learnt. */
export const isBaseGone = (error: unknown): boolean => error instanceof Failure && error.details.reason === 'BASE_GONE';
