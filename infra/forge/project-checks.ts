import { Failure } from '../../domain/failures.js';
import type { RequiredContext } from '../../domain/forge/required-context.js';
import type { ContextRun, ForgeChecks } from './checks.js';
import type { ForgeKind } from './forges.js';

/** The CI of each project's forge; the local one has none, hence no rules. */
export class ProjectChecks implements ForgeChecks {
  constructor(
    private readonly projects: { kindOf(projectId: string): Promise<ForgeKind> },
    private readonly github: ForgeChecks | undefined,
  ) {}

  async required(projectId: string, branch: string, signal?: AbortSignal): Promise<readonly RequiredContext[]> {
    if ((await this.projects.kindOf(projectId)) === 'local') return [];
    return await this.shared().required(projectId, branch, signal);
  }

  async read(
    projectId: string,
    sha: string,
    context: RequiredContext,
    signal?: AbortSignal,
  ): Promise<ContextRun | undefined> {
    return await this.shared().read(projectId, sha, context, signal);
  }

  async runAgain(projectId: string, run: ContextRun, signal?: AbortSignal): Promise<boolean> {
    return await this.shared().runAgain(projectId, run, signal);
  }

  async log(projectId: string, run: ContextRun, signal?: AbortSignal): Promise<string> {
    return await this.shared().log(projectId, run, signal);
  }

  private shared(): ForgeChecks {
    if (this.github === undefined)
      throw new Failure('InvalidState', 'GitHub is not configured here: see docs/github.md', { reason: 'NO_FORGE' });
    return this.github;
  }
}
