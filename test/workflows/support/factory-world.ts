import { ApplicationFailure } from '@temporalio/common';
import type { CheckActivities, CheckRun, EvidenceActivities } from '../../../workflows/contract/activities/checks.js';
import type { EngineActivities } from '../../../workflows/contract/activities/engine.js';
import type { FactoryHold, FleetActivities } from '../../../workflows/contract/activities/fleet.js';
import type { ForgeLook, ForgeWatchActivities } from '../../../workflows/contract/activities/forge-watch.js';
import type { RepositoryActivities, TreeActivities } from '../../../workflows/contract/activities/git.js';
import type { MergeActivities } from '../../../workflows/contract/activities/merge.js';
import type { SaveProjectInput, StoreActivities } from '../../../workflows/contract/activities/store.js';

/** Hosts, projects and agents as the factory sees them, with everything that was asked of them. */
export class FactoryWorld {
  readonly projects = new Map<string, SaveProjectInput[]>();
  readonly imports: string[] = [];
  readonly marks: { readonly agentId: string; readonly state: string }[] = [];
  readonly holds: FactoryHold[] = [];
  readonly swept: string[] = [];
  /** Looks at forges: what was asked for, in order. */
  readonly looks: string[] = [];
  onLook: (count: number) => ForgeLook['kind'] = () => 'idle';
  closed: readonly string[] = [];
  onImport: (
    projectId: string,
    count: number,
  ) => Error | { moved: boolean; isShared?: boolean } | Promise<{ moved: boolean }> = () => ({
    moved: false,
  });
  onInspect: () => { kind: 'ready' | 'refused'; reason?: string } = () => ({ kind: 'ready' });
  onCheck: (count: number) => CheckRun['outcome'] = () => 'passed';
  private checks = 0;

  rowOf(projectId: string): SaveProjectInput | undefined {
    return this.projects.get(projectId)?.at(-1);
  }

  private look(what: string): ForgeLook {
    this.looks.push(what);
    return { kind: this.onLook(this.looks.length) };
  }

  readonly activities = {
    listLiveHosts: async () => [{ hostId: 'a', queue: 'host-a' }],
    listProjects: async () => [{ projectId: 'p-swept' }],
    sweepStore: async () => {
      this.swept.push('store');
      return { removed: 0 };
    },
    cleanHost: async ({ hostQueue }) => {
      this.swept.push(hostQueue);
      return { removed: 0 };
    },
    cleanRepository: async ({ projectId }) => {
      this.swept.push(projectId);
      throw ApplicationFailure.nonRetryable('the mirror is gone', 'NotFound');
    },
    describeWorkflows: async ({ workflowIds }) =>
      workflowIds.map((workflowId) => ({
        workflowId,
        state: this.closed.includes(workflowId) ? ('closed' as const) : ('open' as const),
      })),
    saveFactoryHold: async (hold) => void this.holds.push(hold),
    markAgent: async ({ agentId, state }) => void this.marks.push({ agentId, state }),
    importSource: async ({ projectId }) => {
      this.imports.push(projectId);
      const answer = await this.onImport(projectId, this.imports.length);
      if (answer instanceof Error) throw answer;
      return { baseBranch: 'main', tip: 'tip-1', ...answer };
    },
    applyHints: async ({ projectId }) => this.look(`hints ${projectId}`),
    reconcileForge: async ({ projectId }) => this.look(`everything ${projectId}`),
    inspectProject: async () => this.onInspect(),
    saveProject: async (row: SaveProjectInput) => {
      this.projects.set(row.projectId, [...(this.projects.get(row.projectId) ?? []), row]);
    },
    composeCandidate: async ({ tip }) => ({ kind: 'composed', parent: tip, commit: tip, tree: tip, parentTree: tip }),
    planChecks: async ({ tree }) => ({
      kind: 'planned',
      checks: [
        {
          name: 'unit',
          key: `unit@${tree}`,
          needs: [],
          required: true,
          failFast: false,
          rerunsTests: false,
          timeoutMs: 60_000,
          estMs: 1000,
        },
      ],
    }),
    runCheck: async () => {
      this.checks += 1;
      const outcome = this.onCheck(this.checks);
      return { outcome, failedTests: outcome === 'failed' ? ['adds'] : [], ms: 5, message: 'no sandbox' };
    },
    lookUpEvidence: async () => [],
    storeEvidence: async ({ record }) => ({ ...record, id: 'evidence-1' }),
    voidEvidence: async () => undefined,
  } satisfies FleetActivities &
    EngineActivitiesPart &
    CheckActivities &
    ForgeWatchActivities &
    EvidenceActivities &
    Pick<TreeActivities, 'cleanHost'> &
    Pick<RepositoryActivities, 'cleanRepository' | 'importSource' | 'inspectProject'> &
    Pick<MergeActivities, 'composeCandidate'> &
    Pick<StoreActivities, 'saveProject'>;
}
type EngineActivitiesPart = Pick<EngineActivities, 'describeWorkflows'>;
