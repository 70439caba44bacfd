// The driver of one sweep: hosts, repositories, store, and holders that have ended without a word.
import type { WorkflowStatus } from '../contract/activities/engine.js';
import type { LiveHost } from '../contract/activities/fleet.js';

export interface SweepPorts {
  listHosts(staleMs: number): Promise<readonly LiveHost[]>;
  cleanHost(host: LiveHost): Promise<void>;
  listProjects(): Promise<readonly { readonly projectId: string }[]>;
  cleanRepository(projectId: string): Promise<void>;
  sweepStore(): Promise<void>;
  describe(workflowIds: readonly string[]): Promise<readonly WorkflowStatus[]>;
  /** A failed activity in words; throws what is a bug. */
  faultOf(error: unknown): string;
}

export interface Swept {
  /** Holders whose workflow is closed. */
  readonly gone: readonly string[];
  /** What could not be swept; the next sweep tries again. */
  readonly faults: readonly string[];
}

/** A host beats every 20 s: three beats missed and it is not asked to clean. */
const STALE_HOST_MS = 60_000;

export async function sweep(ports: SweepPorts, holders: readonly string[]): Promise<Swept> {
  const faults: string[] = [];
  const tried = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      // One part that fails must not keep the others from being swept.
      faults.push(ports.faultOf(error));
      return otherwise;
    }
  };
  const hosts = await tried(ports.listHosts(STALE_HOST_MS), []);
  await Promise.all(hosts.map((host) => tried(ports.cleanHost(host), undefined)));
  for (const { projectId } of await tried(ports.listProjects(), []))
    await tried(ports.cleanRepository(projectId), undefined);
  await tried(ports.sweepStore(), undefined);
  const found = holders.length > 0 ? await tried(ports.describe(holders), []) : [];
  return { gone: found.filter(({ state }) => state !== 'open').map(({ workflowId }) => workflowId), faults };
}
