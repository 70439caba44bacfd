import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ControlCommand } from '../../../workflows/contract/messages.js';

/** Failure type that an update was refused with; undefined when it was not refused. */
export const refusal = async (update: Promise<unknown>): Promise<string | undefined> => {
  const error = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
    ? (error.cause.type ?? undefined)
    : undefined;
};

/** Options of a control update by a person. */
export const by: { args: [ControlCommand] } = { args: [{ by: 'ada' }] };
