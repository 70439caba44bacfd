import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { toApplicationFailure } from '../activities/support/to-application-failure.js';

/** Applied to every activity of every worker, so that none can forget to classify its errors. */
export const failureInterceptor: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        // Under an aborted signal an AbortError is the cancellation itself: the engine must see it as it is.
        if (Context.current().cancellationSignal.aborted && error instanceof Error && error.name === 'AbortError')
          throw error;
        throw toApplicationFailure(error);
      }
    },
  },
});
