import type { Proposal } from '../../domain/project-config/detect.js';
import type { CheckAsWritten, ConfigOverrides, SetupAsWritten } from '../../domain/project-config/types.js';

/**
 * The overrides that make proposals count. Names are kept unique, because two ecosystems both propose `test`.
 * @param names only the checks of these names; all when undefined
 */
export const acceptProposals = (
  proposals: readonly Proposal[],
  names?: readonly string[],
): Pick<ConfigOverrides, 'checks' | 'setup'> => {
  const taken = new Set<string>();
  const accepted = proposals
    .map((proposal) => ({ ...proposal, checks: proposal.checks.filter(({ name }) => names?.includes(name) ?? true) }))
    .filter(({ checks }) => checks.length > 0);
  const checks = accepted.flatMap((proposal) => proposal.checks.map((check) => renamed(check, taken)));
  const setup = joinSetups(accepted.flatMap((proposal) => (proposal.setup === undefined ? [] : [proposal.setup])));
  return { checks, ...(setup === undefined ? {} : { setup }) };
};

const renamed = (check: CheckAsWritten, taken: Set<string>): CheckAsWritten => {
  let name = check.name;
  for (let copy = 2; taken.has(name); copy++) name = `${check.name}-${copy}`;
  taken.add(name);
  return { ...check, name };
};

/** One repository has one setup: several ecosystems' commands run one after another. */
const joinSetups = (setups: readonly SetupAsWritten[]): SetupAsWritten | undefined => {
  const [first] = setups;
  if (first === undefined || setups.length === 1) return first;
  return {
    run: setups.flatMap(({ run }) => run),
    inputs: [...new Set(setups.flatMap(({ inputs = [] }) => inputs))],
    outputs: [...new Set(setups.flatMap(({ outputs }) => outputs))],
    env: [...new Set(setups.flatMap(({ env = [] }) => env))],
  };
};
