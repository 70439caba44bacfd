import type { BlobStore } from '../../../infra/artifacts.js';
import type { GateReports } from '../../../infra/forge/gate-reports.js';

export interface GateDeps {
  readonly reports: GateReports;
  /** Where the logs of checks are kept. */
  readonly logs: Pick<BlobStore, 'get'>;
}
