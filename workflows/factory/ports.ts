// The activities and messages behind the factory's lanes.
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { verifyPorts } from '../checks/ports.js';
import { verify } from '../checks/verify.js';
import type { EngineActivities } from '../contract/activities/engine.js';
import type { FactoryHold, FleetActivities } from '../contract/activities/fleet.js';
import type { ForgeLook, ForgeWatchActivities } from '../contract/activities/forge-watch.js';
import type { RepositoryActivities, TreeActivities } from '../contract/activities/git.js';
import type { MergeActivities } from '../contract/activities/merge.js';
import type { StoreActivities } from '../contract/activities/store.js';
import { queueForgeEventSignal } from '../contract/forge-event.js';
import { queueWorkflowId } from '../contract/ids.js';
import { admittedSignal, holdSignal } from '../contract/messages.js';
import type { Tuning } from '../contract/tuning.js';
import { activitiesOf } from '../support/activities-of.js';
import { failureMessage, failureType } from '../support/failure-type.js';
import { tell } from '../support/tell.js';
import type { ProjectPorts } from './check-project.js';
import type { AgentMark, Telling } from './factory.state.js';
import type { ForgeTurn } from './forges.js';
import type { SweepPorts } from './sweep.js';

/** @returns false when the holder is gone */
export async function say({ workflowId, share, held }: Telling): Promise<boolean> {
  const answers = [
    ...(held === undefined ? [] : [tell(workflowId, holdSignal, { by: 'factory', on: held })]),
    ...(share === undefined ? [] : [tell(workflowId, admittedSignal, share)]),
  ];
  return (await Promise.all(answers)).every((answer) => answer === 'told');
}

export function markAgent(tuning: Tuning, mark: AgentMark): Promise<void> {
  const fleet: FleetActivities = activitiesOf('STORE', tuning, { summary: 'agent cleared' });
  return fleet.markAgent({ ...mark, state: 'IDLE' });
}

export function saveFactoryHold(tuning: Tuning, hold: FactoryHold): Promise<void> {
  const fleet: FleetActivities = activitiesOf('STORE', tuning, { summary: hold.isPaused ? 'pause' : 'thaw' });
  return fleet.saveFactoryHold(hold);
}

export function sweepPorts(tuning: Tuning): SweepPorts {
  const fleet = (summary: string): FleetActivities => activitiesOf('STORE', tuning, { summary });
  const engine: EngineActivities = activitiesOf('STORE', tuning, { summary: 'sweep: which holders are closed' });
  return {
    listHosts: (staleMs) => fleet('sweep: live hosts').listLiveHosts({ staleMs }),
    cleanHost: async ({ queue }) => {
      const trees: TreeActivities = activitiesOf('WORKTREE', tuning, { taskQueue: queue, summary: 'sweep: host' });
      await trees.cleanHost({ hostQueue: queue });
    },
    listProjects: () => fleet('sweep: projects').listProjects(),
    cleanRepository: async (projectId) => {
      const git: RepositoryActivities = activitiesOf('FORGE_WRITE', tuning, { summary: 'sweep: branches and refs' });
      await git.cleanRepository({ projectId });
    },
    sweepStore: async () => void (await fleet('sweep: store').sweepStore()),
    describe: (workflowIds) => engine.describeWorkflows({ workflowIds }),
    faultOf: (error) => `${failureType(error)}: ${failureMessage(error)}`,
  };
}

export function lookAtForge({ projectId, look }: ForgeTurn, tuning: Tuning): Promise<ForgeLook> {
  const summary = look === 'hints' ? 'what deliveries named' : 'whatever changed at the forge';
  const watch: ForgeWatchActivities = activitiesOf('FORGE_LOOK', tuning, { summary });
  return look === 'hints' ? watch.applyHints({ projectId }) : watch.reconcileForge({ projectId });
}

export function projectPorts(
  projectId: string,
  tuning: Tuning,
  { attempt, watchForge }: { readonly attempt: number; readonly watchForge: () => void },
): ProjectPorts {
  const source: RepositoryActivities = activitiesOf('IMPORT', tuning, { summary: 'import the source' });
  const reads: RepositoryActivities = activitiesOf('FORGE_READ', tuning, { summary: 'read its configuration' });
  const merge: MergeActivities = activitiesOf('FORGE_READ', tuning, { summary: 'the tip to be checked' });
  const store: StoreActivities = activitiesOf('STORE', tuning, { summary: 'project' });
  return {
    async importSource() {
      try {
        return { kind: 'imported', ...(await source.importSource({ projectId })) };
      } catch (error) {
        return refusedImport(error);
      }
    },
    watchForge,
    inspect: (tip) => reads.inspectProject({ projectId, tip }),
    verify: ({ baseBranch: branch, tip }, asked) => {
      const ports = verifyPorts({
        projectId,
        // One more of the same would find the claim of the last one, which could not be run.
        buildId: `project/${projectId}/${tip}/${workflowInfo().runId}/${attempt}${asked > 0 ? `.${asked}` : ''}`,
        tuning,
        compose: () => merge.composeCandidate({ projectId, branch, tip, members: [], expectTip: false }),
        suspect: async () => undefined,
      });
      return verify(ports, { base: tip, lastAttempt: true });
    },
    sayBaseMoved: (branch) => tell(queueWorkflowId(projectId, branch), queueForgeEventSignal, { kind: 'baseMoved' }),
    save: (row) => store.saveProject({ projectId, ...row }),
  };
}

/** What trying again may mend is thrown on. */
function refusedImport(error: unknown): Awaited<ReturnType<ProjectPorts['importSource']>> {
  const reason = failureMessage(error);
  switch (failureType(error)) {
    case 'Conflict': {
      const { branch, forge } = detailsOf(error);
      if (typeof branch === 'string' && typeof forge === 'string')
        return { kind: 'diverged', reason, baseBranch: branch, tip: forge, moved: false };
      throw error;
    }
    case 'InvalidInput':
    case 'InvalidState':
    case 'NotFound':
    case 'PermissionDenied':
      return { kind: 'refused', reason };
    default:
      throw error;
  }
}

function detailsOf(error: unknown): Readonly<Record<string, unknown>> {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const [details] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  return typeof details === 'object' && details !== null ? { ...details } : {};
}
