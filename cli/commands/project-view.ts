import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Resource } from '../api-client.js';
import { type Column, type Output, printOne } from '../output.js';
import { linearLines } from './linear-link.js';

/** At the root of a repository. */
export const CONFIG_FILE = 'millwright.yml';

export const PROJECT_COLUMNS: readonly Column[] = [
  { title: 'name', of: (p) => p.name },
  { title: 'state', of: (p) => p.state },
  { title: 'base', of: (p) => p.forgeBaseBranch ?? p.baseBranch },
  { title: 'source', of: (p) => p.source },
  { title: 'reason', of: (p) => p.reason, max: 80 },
];

/** All that is known of a project, and what would have one that is not ready take work. */
export function printProject(out: Output, project: Resource): void {
  printOne(out, project, [
    ['name', project.name],
    ['id', project.id],
    ['state', project.state],
    ['reason', project.reason],
    ['source', project.source],
    ['forge', project.forge === 'local' ? 'local: a copy in the home, its source is only read' : project.forge],
    ['base branch', baseOf(project)],
    ['waits for', project.waitingFor],
    ['imported', project.tipSha],
    ['sandbox', project.sandbox === 'none' ? 'NONE: commands run unprotected on this host' : project.sandbox],
    ['required by CI', contextsOf(project)],
    ...linearLines(project),
    ['CAVEAT', project.caveats],
    ['fetch result', project.pullCommand],
  ]);
  if (out.json || project.state === 'ready') return;
  if (isFileWrong(project)) {
    out.line(
      `\nMend ${CONFIG_FILE} as it says, commit it on ${baseThere(project)}, then millwright project sync ${project.name}`,
    );
    return;
  }
  if (hasChecks(project)) return;
  const file = join(String(project.source), CONFIG_FILE);
  if (!hasFile(project) && existsSync(file)) {
    // A repository without a commit has no branch yet.
    const branch = baseThere(project) ?? 'that its HEAD names';
    out.line(`\n${file} is not on the branch ${branch}: commit it, then millwright project sync ${project.name}`);
    return;
  }
  if (!hasProposals(project)) return;
  out.line(
    `\nProposed checks for ${basename(String(project.source))} (accept with --accept-checks, or give your own with --check):`,
  );
  for (const proposal of project.proposals as readonly Resource[]) out.line(`  ${proposal.name}: ${proposal.run}`);
}

/** Those of the repository's own file or of an admin; what is proposed is none yet. */
const hasChecks = ({ config }: Resource): boolean => {
  const { checks } = (config ?? {}) as { readonly checks?: readonly unknown[] }; // by the API's schema
  return checks !== undefined && checks.length > 0;
};

/** The file of the inspected commit was read, and this is not what is wrong. */
const hasFile = ({ config }: Resource): boolean =>
  (config as { readonly hasFile?: boolean } | undefined)?.hasFile === true; // by the API's schema

/** The inspection names the line and column of each mistake. */
const isFileWrong = ({ reason }: Resource): boolean => new RegExp(`${CONFIG_FILE}:\\d+:\\d+: `).test(String(reason));

/** What the rules of the base branch require of the forge's own CI. */
const contextsOf = ({ config }: Resource): readonly string[] | undefined => {
  const { forgeChecks } = (config ?? {}) as { readonly forgeChecks?: readonly { context: string; appId?: number }[] }; // as the inspection stores them
  return forgeChecks?.map(({ context, appId }) => (appId === undefined ? context : `${context} (App ${appId})`));
};

/** What people commit on: the branch as the forge calls it now. */
const baseThere = ({ baseBranch, forgeBaseBranch }: Resource): unknown => forgeBaseBranch ?? baseBranch;

/** Work that is under way keeps the name it began with. */
const baseOf = ({ baseBranch, forgeBaseBranch }: Resource): unknown =>
  forgeBaseBranch ? `${forgeBaseBranch} (called ${baseBranch} here)` : baseBranch;

/** Checks that the inspection found and nobody has accepted. */
export const hasProposals = ({ proposals }: Resource): boolean => Array.isArray(proposals) && proposals.length > 0;
