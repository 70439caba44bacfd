import { Failure } from '../../domain/failures.js';
import type { ConfigOverrides } from '../../domain/project-config/types.js';
import { describeProblem, validateOverrides } from '../../domain/project-config/validate.js';

/**
 * Judges what an admin wants to hold over `millwright.yml`.
 * @param agents names that exist; empty while no worker has registered any, and then any name is taken
 * @throws InvalidInput that lists every mistake
 */
export const readOverrides = (value: unknown, agents: ReadonlySet<string>): ConfigOverrides => {
  const validated = validateOverrides(value);
  if (validated.kind === 'invalid') {
    const errors = validated.problems.map((problem) => describeProblem('overrides', problem));
    throw new Failure('InvalidInput', errors[0] ?? 'The overrides are not valid.', { errors });
  }
  for (const role of ['worker', 'supervisor'] as const) {
    const name = validated.value.agents?.[role]?.use;
    if (name !== undefined && agents.size > 0 && !agents.has(name)) {
      throw new Failure('InvalidInput', `There is no agent named ${name}.`, { field: `agents.${role}.use` });
    }
  }
  return validated.value;
};
