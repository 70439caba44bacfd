import type { GateReport, GateReports } from '../gate-reports.js';
import { showCheckRun } from './check-run-report.js';
import { showCommitStatus } from './commit-status-report.js';
import { type GitHubDeps, openProject } from './project-client.js';
import { findProjectOnGitHub } from './project-repository.repository.js';
import type { Permissions } from './settings.js';

/** Check runs, which GitHub takes from Apps alone; with a person's token commit statuses of the same names. */
export class GitHubGateReports implements GateReports {
  constructor(private readonly deps: GitHubDeps) {}

  async show(projectId: string, report: GateReport, signal?: AbortSignal): Promise<string | null> {
    const { pools, access } = this.deps;
    const repository = await findProjectOnGitHub(pools.writes, projectId);
    const isApp = (await access.installation(repository)) !== null;
    const permissions: Permissions = isApp ? { checks: 'write' } : { statuses: 'write' };
    const { name, client } = await openProject(this.deps, projectId, { permissions, priority: 'report' });
    return await (isApp ? showCheckRun : showCommitStatus)(client, name, report, signal);
  }
}
