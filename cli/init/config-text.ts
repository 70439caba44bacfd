import { stringify } from 'yaml';
import type { Proposal } from '../../domain/project-config/detect.js';

const HEAD = `# What Millwright needs to know of this repository. It counts once it is on the base branch: commit it.
# Every key and its values: docs/millwright.schema.json of Millwright. What is left out has a default.
version: 1
`;

const SETUP = `
# Prepares a working tree once for each state of its inputs: dependencies and the like. It reaches the network only
# after an admin said so: millwright project add --allow-setup-network
`;

const CHECKS = `
# Every change must pass these on exactly the tree that will land. They run in a sandbox without network; timeout is in
# seconds.
`;

const NO_CHECKS = `
# No check was found in this repository. Millwright takes no work without one: say what every change must pass.
# checks:
#   - name: test
#     run: make test
#     timeout: 300
`;

const MORE = `
# More that can be said here, with the defaults:
#
# limits:               # for each run and epic; dollars are those of the model
#   run: { turns: 100, dollars: 5, seconds: 3600 }
#
# epics:
#   mergeTarget: epic   # tasks land on the epic's branch, which lands as a whole; or base
#   land: person        # who lands the finished epic; or auto
#   approval: none      # plan: a person approves the plan before work starts
`;

const TIMEOUT_SECONDS = 300;

/** A first `millwright.yml`: what the repository's own files propose, with the reasons as comments. */
export function configText(proposals: readonly Proposal[]): string {
  const setup = proposals.find((proposal) => proposal.setup !== undefined)?.setup;
  const names = new Set<string>();
  const checks = proposals
    .flatMap((proposal) => proposal.checks)
    .filter(({ name }) => !names.has(name) && names.add(name))
    .map((check) => ({ timeout: TIMEOUT_SECONDS, ...check }))
    .map(({ timeout, ...check }) => ({ ...check, timeout }));
  const sources = [...new Set(proposals.map(({ from }) => from))];
  return [
    HEAD,
    ...(setup === undefined ? [] : [SETUP, stringify({ setup })]),
    ...(checks.length === 0 ? [NO_CHECKS] : [CHECKS, `# Found in ${sources.join(' and ')}.\n`, stringify({ checks })]),
    MORE,
  ].join('');
}
