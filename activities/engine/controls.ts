import { setTimeout as sleep } from 'node:timers/promises';
import { getClient } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { FAILURES, type Failure } from '../../domain/failures.js';
import { isLostInContinuation, toGatewayFailure } from '../../infra/temporal-failures.js';
import type { ControlCommand, ControlView } from '../../workflows/contract/messages.js';

/** A person's command to a workflow that came by another way than the API. */
export interface SentControl<Command extends ControlCommand> {
  readonly update: UpdateDefinition<ControlView, [Command]>;
  readonly workflowId: string;
  readonly command: Command;
  /** The server answers a repeat with the first result. */
  readonly updateId: string;
}

export type ControlAnswer =
  | { readonly kind: 'done'; readonly view: ControlView }
  /** In the workflow's own words. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Not open: ended, or not started yet. */
  | { readonly kind: 'absent' };

export interface WorkflowControls {
  /** @throws Unavailable when no worker answers in time; the same update id may then be sent again */
  send<Command extends ControlCommand>(control: SentControl<Command>): Promise<ControlAnswer>;
}

const ANSWER_MS = 10_000;
const CONTINUATION_RETRIES = 3;

export const createWorkflowControls = (client: () => Client = getClient): WorkflowControls => ({
  async send({ update, workflowId, command, updateId }) {
    const deadline = Date.now() + ANSWER_MS;
    for (let attempt = 0; ; attempt++) {
      try {
        const handle = client().workflow.getHandle(workflowId);
        const view = await client().withDeadline(deadline, () =>
          handle.executeUpdate(update, { args: [command], updateId }),
        );
        return { kind: 'done', view };
      } catch (error) {
        if (isLostInContinuation(error) && attempt < CONTINUATION_RETRIES) await sleep(50 * 2 ** attempt);
        else return answerOf(toGatewayFailure(error));
      }
    }
  },
});

/** A refusal is an answer; what repeating may mend is thrown for the activity's policy. */
function answerOf(failure: Failure): ControlAnswer {
  if (failure.type === 'NotFound') return { kind: 'absent' };
  if (FAILURES[failure.type].retryable) throw failure;
  return { kind: 'refused', message: failure.message };
}
