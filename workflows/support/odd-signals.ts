import { arrayFromPayloads, defaultPayloadConverter } from '@temporalio/common';
import { log, type WorkflowInterceptorsFactory, type WorkflowInternalsInterceptor } from '@temporalio/workflow';
import { isHeard } from './signal-shapes.js';

type Activation = Parameters<NonNullable<WorkflowInternalsInterceptor['activate']>>[0]['activation'];
type Job = NonNullable<Activation['jobs']>[number];
type Signal = NonNullable<Job['signalWorkflow']>;

/**
 * Drops signals that cannot be read or hold something else than they must. Anybody who reaches the engine can send one,
 * by hand in its web page for example, and what a handler throws fails the workflow's task again and again: one of them
 * would hold a workflow for ever. What is dropped follows from the signal alone, so that a replay drops the same.
 *
 * Everything else that cannot be read, a result for example, fails the task as it should: mended code goes on from there.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [
    {
      activate: (input, next) => {
        const jobs = (input.activation.jobs ?? []).filter(
          ({ signalWorkflow }) => !signalWorkflow || canBeHeard(signalWorkflow),
        );
        // The engine asks its jobs for `variant`, which only objects of its own class have: they are passed on as they are.
        next({ ...input, activation: { ...input.activation, jobs } });
      },
    },
  ],
});

function canBeHeard({ signalName, input }: Signal): boolean {
  const name = signalName ?? '';
  try {
    const [message] = arrayFromPayloads(defaultPayloadConverter, input);
    if (isHeard(name, message)) return true;
  } catch {
    // No bytes that our own side sends: dropped below.
  }
  log.warn('a signal that is none of ours is dropped', { signal: name });
  return false;
}
