import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { roleOf } from '../auth/access.js';
import { GitHubError } from '../http/errors.js';
import type { BranchRule, Repository } from '../state/records.js';
import type { World } from '../world.js';

const rulesOf = ({ rules, hasBranchRules }: Repository): readonly BranchRule[] => (hasBranchRules ? rules : []);

export const ruleFor = (repository: Repository, branch: string): readonly BranchRule[] =>
  rulesOf(repository).filter((rule) => rule.pattern === branch || picomatch.isMatch(branch, rule.pattern));

/** Routes about rules refuse where the plan has none. */
export function requireBranchRules({ hasBranchRules }: Repository): void {
  if (!hasBranchRules)
    throw new GitHubError(403, 'Upgrade to GitHub Pro or make this repository public to enable this feature.');
}

export interface Pusher {
  readonly login: string;
  /** Of the App whose token it is. */
  readonly slug: string | null;
}

export function passesBy(rule: BranchRule, repository: Repository, { login, slug }: Pusher): boolean {
  if (rule.bypass?.some((one) => one === login || one === slug)) return true;
  const isAdmin = slug === null && roleOf(repository, login) === 'admin';
  return isAdmin && rule.source === 'protection' && rule.enforcesAdmins !== true;
}

/** Contexts of a rule that are not green on a commit, by check run or by status. */
export function missingChecks(world: World, repository: Repository, rule: BranchRule, sha: string): readonly string[] {
  return (rule.requiredChecks ?? [])
    .filter(({ context, appId }) => !isGreen(world, repository, { context, appId, sha }))
    .map((one) => one.context);
}

function isGreen(
  { state }: World,
  repository: Repository,
  { context, appId, sha }: { readonly context: string; readonly appId: number | undefined; readonly sha: string },
): boolean {
  const runs = state.checkRuns.filter((run) => {
    if (run.repositoryId !== repository.id || run.headSha !== sha || run.name !== context) return false;
    const slug = state.suites.find((suite) => suite.id === run.suiteId)?.appSlug;
    return appId === undefined || state.apps.find((app) => app.slug === slug)?.id === appId;
  });
  const run = runs.at(-1);
  if (run !== undefined) return ['success', 'neutral', 'skipped'].includes(run.conclusion ?? '');
  if (appId !== undefined) return false;
  const status = state.statuses.findLast(
    (one) => one.repositoryId === repository.id && one.sha === sha && one.context === context,
  );
  return status?.state === 'success';
}

/** Why a push of any other commit is refused, in GitHub's words. */
const reasonOf = ({ requiredApprovals, requiredChecks = [] }: BranchRule): string =>
  requiredApprovals === undefined
    ? `Required status check "${requiredChecks[0]?.context}" is expected.`
    : 'Changes must be made through a pull request.';

/** Writes what the `update` hook of one push has to know; `remove` afterwards. */
export function writePushRules(
  world: World,
  repository: Repository,
  pusher: Pusher,
): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'github-rules-'));
  const lines = rulesOf(repository)
    .filter((rule) => !passesBy(rule, repository, pusher))
    .map((rule, index) => {
      const guards = rule.requiredApprovals !== undefined || (rule.requiredChecks ?? []).length > 0;
      const shas = join(folder, `shas-${index}`);
      if (guards)
        writeFileSync(
          shas,
          allowedShas(world, repository, rule)
            .map((sha) => `${sha}\n`)
            .join(''),
        );
      return [
        rule.source === 'ruleset' ? 'GH013' : 'GH006',
        `refs/heads/${rule.pattern}`,
        rule.allowsForcePushes ? 1 : 0,
        rule.allowsDeletions ? 1 : 0,
        guards ? shas : '-',
        reasonOf(rule),
      ].join(' ');
    });
  const file = join(folder, 'rules');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** With checks alone, a commit on which they are green may be pushed; with reviews, none may. */
function allowedShas(world: World, repository: Repository, rule: BranchRule): readonly string[] {
  if (rule.requiredApprovals !== undefined) return [];
  const { checkRuns, statuses } = world.state;
  const known = [...checkRuns.map((run) => run.headSha), ...statuses.map((status) => status.sha)];
  return [...new Set(known)].filter((sha) => missingChecks(world, repository, rule, sha).length === 0);
}
