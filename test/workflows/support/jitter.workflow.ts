import { sleep, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

const MOST_MS = 400;

/** What one workflow tells another arrives late. */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      signalWorkflow: async (input, next) => {
        await sleep(1 + Math.random() * MOST_MS);
        return next(input);
      },
    },
  ],
});
