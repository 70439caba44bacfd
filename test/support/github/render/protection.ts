import type { BranchRule, Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import type { World } from '../world.js';
import { type Json, renderApp, renderUser } from './account.js';
import { repositoryUrl } from './repository.js';

/** `GET …/branches/{branch}/protection`. */
export function renderProtection(
  world: World,
  repository: Repository,
  { branch, rule }: { readonly branch: string; readonly rule: BranchRule },
): Json {
  const url = `${repositoryUrl(world, repository)}/branches/${branch}/protection`;
  const checks = rule.requiredChecks ?? [];
  const { state } = world;
  const bypass = rule.bypass ?? [];
  return {
    url,
    enforce_admins: { url: `${url}/enforce_admins`, enabled: rule.enforcesAdmins === true },
    ...(checks.length > 0
      ? {
          required_status_checks: {
            url: `${url}/required_status_checks`,
            strict: rule.strict === true,
            contexts: checks.map((one) => one.context),
            contexts_url: `${url}/required_status_checks/contexts`,
            checks: checks.map(({ context, appId }) => ({ context, app_id: appId ?? null })),
          },
        }
      : {}),
    ...(rule.requiredApprovals === undefined
      ? {}
      : {
          required_pull_request_reviews: {
            url: `${url}/required_pull_request_reviews`,
            dismiss_stale_reviews: rule.dismissesStaleReviews === true,
            require_code_owner_reviews: false,
            required_approving_review_count: rule.requiredApprovals,
            require_last_push_approval: false,
            bypass_pull_request_allowances: {
              users: bypass.filter((one) => state.account(one)?.type === 'User').map((one) => renderUser(world, one)),
              teams: [],
              apps: state.apps.filter((one) => bypass.includes(one.slug)).map((one) => renderApp(world, one)),
            },
          },
        }),
    required_linear_history: { enabled: false },
    allow_force_pushes: { enabled: rule.allowsForcePushes === true },
    allow_deletions: { enabled: rule.allowsDeletions === true },
    required_conversation_resolution: { enabled: false },
  };
}

/** `GET …/rules/branches/{branch}`: each rule of each ruleset that holds for a branch. */
export function renderRules(repository: Repository, rules: readonly BranchRule[]): readonly Json[] {
  return rules.flatMap((rule, index) => {
    const source = {
      ruleset_source_type: 'Repository',
      ruleset_source: fullNameOf(repository),
      ruleset_id: index + 1,
    };
    const checks = rule.requiredChecks ?? [];
    return [
      ...(rule.allowsDeletions ? [] : [{ type: 'deletion', ...source }]),
      ...(rule.allowsForcePushes ? [] : [{ type: 'non_fast_forward', ...source }]),
      ...(checks.length > 0
        ? [
            {
              type: 'required_status_checks',
              parameters: {
                strict_required_status_checks_policy: rule.strict === true,
                required_status_checks: checks.map(({ context, appId }) => ({
                  context,
                  ...(appId === undefined ? {} : { integration_id: appId }),
                })),
              },
              ...source,
            },
          ]
        : []),
      ...(rule.requiredApprovals === undefined
        ? []
        : [
            {
              type: 'pull_request',
              parameters: {
                required_approving_review_count: rule.requiredApprovals,
                dismiss_stale_reviews_on_push: rule.dismissesStaleReviews === true,
                require_code_owner_review: false,
                require_last_push_approval: false,
                required_review_thread_resolution: false,
              },
              ...source,
            },
          ]),
    ];
  });
}
