import { toApplicationFailure } from '../../../activities/support/to-application-failure.js';
import { Failure } from '../../../domain/failures.js';
import { FORGE_LIMIT } from '../../../domain/forge/rate.js';

/** What an activity fails with while the forge takes no more of us, as the worker hands it to the engine. */
export const forgeLimited = (retryAfterMs: number): unknown =>
  toApplicationFailure(new Failure('RateLimited', 'the forge limits us', { reason: FORGE_LIMIT }, { retryAfterMs }));

/** Likewise while the repository is archived. */
export const forgeArchived = (): unknown =>
  toApplicationFailure(new Failure('PermissionDenied', 'it was archived', { reason: 'ARCHIVED' }));

/** Likewise while the base is gone. */
export const baseGone = (): unknown =>
  toApplicationFailure(new Failure('InvalidState', 'BASE_GONE: no main', { reason: 'BASE_GONE' }));

/** Fails so often with a limit of a second, and counts how often it was asked. */
export const limitedFor = (times: number): { readonly asked: () => number; readonly ask: () => Promise<void> } => {
  let asked = 0;
  return {
    asked: () => asked,
    ask: async () => {
      asked += 1;
      if (asked <= times) throw forgeLimited(1_000);
    },
  };
};
