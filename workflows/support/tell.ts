import { ApplicationFailure, type SignalDefinition } from '@temporalio/common';
import { getExternalWorkflowHandle } from '@temporalio/workflow';

const NOT_FOUND = 'ExternalWorkflowExecutionNotFound';

const orGone = async (act: Promise<void>): Promise<'told' | 'gone'> => {
  try {
    await act;
    return 'told';
  } catch (error) {
    // A closed receiver is an outcome: it has said what it had to say, or its parent finds out by asking.
    if (error instanceof ApplicationFailure && error.type === NOT_FOUND) return 'gone';
    throw error;
  }
};

/** Signals another workflow. `gone` = it is closed or was never started. */
export const tell = <Args extends unknown[]>(
  workflowId: string,
  signal: SignalDefinition<Args>,
  ...args: Args
): Promise<'told' | 'gone'> => orGone(getExternalWorkflowHandle(workflowId).signal(signal, ...args));

/** Asks a child to end; it answers by ending. */
export const cancelWorkflow = (workflowId: string): Promise<'told' | 'gone'> =>
  orGone(getExternalWorkflowHandle(workflowId).cancel());
