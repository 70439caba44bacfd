import { Failure } from '../../domain/failures.js';
import type { LinearConfig } from '../../infra/config.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import type { Tx } from '../../infra/pg/statement.js';
import { factoryForgeHintedSignal } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';

/** What unlinks a project. */
export const NO_TEAM = 'none';

/**
 * The key of the team that a project is to be linked to, or null where it is to have none.
 * @throws InvalidState where nothing opens Linear
 */
export function readTeamKey(asked: string, { access }: LinearConfig): string | null {
  if (asked.toLowerCase() === NO_TEAM) return null;
  if (access === undefined)
    throw new Failure('InvalidState', 'Linear is not configured: set LINEAR_API_KEY (see docs/linear.md).');
  return asked.toUpperCase();
}

/** The factory looks at the project's tracker from now on, or no more. */
export const tellOfTracker = async (tx: Tx, projectId: string): Promise<void> => {
  await insertOutbox(tx, {
    kind: 'signal',
    workflowId: FACTORY_WORKFLOW_ID,
    name: factoryForgeHintedSignal.name,
    input: { projectId },
  });
};
