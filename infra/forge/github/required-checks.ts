import type { Octokit } from '@octokit/rest';
import { Failure, type FailureType } from '../../../domain/failures.js';
import { joinContexts, type RequiredContext } from '../../../domain/forge/required-context.js';
import { branchThere } from '../../git/branch-names.js';
import type { ProjectClient } from './project-client.js';
import type { Permissions } from './settings.js';
import { unless } from './unless.js';

/** The part of a branch's protection that its readers see. */
type Protection = Awaited<ReturnType<Octokit['rest']['repos']['getBranch']>>['data']['protection'];

interface Asked {
  readonly open: (permissions: Permissions) => Promise<ProjectClient>;
  readonly branch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Of rulesets and of the older branch protection, which GitHub tells in different places. */
export async function readRequiredChecks(asked: Asked): Promise<readonly RequiredContext[]> {
  const [rules, protection] = await Promise.all([ofRulesets(asked), ofProtection(asked)]);
  return joinContexts([...rules, ...protection]);
}

/** Private repositories of GitHub's free plan have no rulesets, nor have Enterprise servers before 3.11. */
async function ofRulesets(asked: Asked): Promise<readonly RequiredContext[]> {
  try {
    return await readRulesets(asked);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.details.reason === 'NOT_IN_PLAN') return [];
    if (error.type !== 'NotFound') throw error;
    // Whoever may not see a repository is told 404 too; its branch is not shown to them either.
    await ofBranch(asked);
    return [];
  }
}

async function readRulesets({ open, branch, signal }: Asked): Promise<readonly RequiredContext[]> {
  const { name, client, renamed } = await open({ metadata: 'read' });
  const rules = await client.paginate(client.rest.repos.getBranchRules, {
    ...name,
    branch: branchThere(renamed, branch),
    per_page: 100,
    request: { signal },
  });
  return rules.flatMap((rule) =>
    rule.type === 'required_status_checks'
      ? (rule.parameters?.required_status_checks ?? []).map(({ context, integration_id }) =>
          toContext(context, integration_id),
        )
      : [],
  );
}

/** Only administrators may read it all; a summary of it is part of the branch that anybody may read. */
async function ofProtection({ open, branch, signal }: Asked): Promise<readonly RequiredContext[]> {
  const found =
    (await unless(NOT_THERE, async () => {
      const { name, client, renamed } = await open({ administration: 'read' });
      const { data } = await client.rest.repos.getBranchProtection({
        ...name,
        branch: branchThere(renamed, branch),
        request: { signal },
      });
      return data.required_status_checks;
    })) ?? (await unless(NOT_THERE, async () => (await ofBranch({ open, branch, signal })).required_status_checks));
  if (found?.checks !== undefined) return found.checks.map(({ context, app_id }) => toContext(context, app_id));
  return (found?.contexts ?? []).map((context) => toContext(context, null));
}

async function ofBranch({ open, branch, signal }: Asked): Promise<Protection> {
  const { name, client, renamed } = await open({ contents: 'read' });
  const { data } = await client.rest.repos.getBranch({
    ...name,
    branch: branchThere(renamed, branch),
    request: { signal },
  });
  return data.protection;
}

/** Not protected, or not for our eyes. */
const NOT_THERE: readonly FailureType[] = ['NotFound', 'PermissionDenied', 'InvalidInput'];

/** GitHub writes “any App” as null, as -1, or not at all. */
const toContext = (context: string, appId: number | null | undefined): RequiredContext =>
  typeof appId === 'number' && appId > 0 ? { context, appId } : { context };
