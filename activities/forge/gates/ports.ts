import type { Actor } from '../../../domain/forge/actors.js';
import type { BlobStore } from '../../../infra/artifacts.js';
import type { GateReports } from '../../../infra/forge/gate-reports.js';
import type { WorkflowControls } from '../../engine/controls.js';

export interface GateDeps {
  readonly reports: GateReports;
  readonly controls: WorkflowControls;
  /** What somebody may do at the forge now, who asks for a gate again. */
  readonly readActor: (projectId: string, login: string, signal: AbortSignal) => Promise<Actor>;
  /** Where the logs of checks are kept. */
  readonly logs: Pick<BlobStore, 'get'>;
}
