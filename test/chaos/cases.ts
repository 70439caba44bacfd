import type { ChaosCase } from './case.js';
import { apiCases } from './cases/api.js';
import { conflictCases } from './cases/conflicts.js';
import { damagedGitCases } from './cases/damaged-git.js';
import { deployCases } from './cases/deploy.js';
import { exactMoments } from './cases/exact-moments.js';
import { gitCases } from './cases/git.js';
import { githubCases } from './cases/github.js';
import { linearCases } from './cases/linear.js';
import { modelCases } from './cases/model.js';
import { modelNetworkCases } from './cases/model-network.js';
import { nearlyFullCases } from './cases/nearly-full.js';
import { networkCases } from './cases/network.js';
import { outboxCases } from './cases/outbox.js';
import { peopleCases } from './cases/people.js';
import { postgresCases } from './cases/postgres.js';
import { postgresDiskCases } from './cases/postgres-disk.js';
import { powerCases } from './cases/power-cut.js';
import { restoredCases } from './cases/restored.js';
import { silentSupervisorCases } from './cases/silent-supervisor.js';
import { starvedHostCases } from './cases/starved-host.js';
import { temporalCases } from './cases/temporal.js';
import { wildAgentCases } from './cases/wild-agent.js';
import { workerCases } from './cases/worker.js';

const rowOf = ({ name }: ChaosCase): number => Number.parseInt(name, 10);

/** Every case, in the order of the fault matrix. */
export const CASES: readonly ChaosCase[] = [
  ...exactMoments,
  ...workerCases,
  ...deployCases,
  ...apiCases,
  ...temporalCases,
  ...networkCases,
  ...postgresCases,
  ...postgresDiskCases,
  ...conflictCases,
  ...powerCases,
  ...restoredCases,
  ...outboxCases,
  ...gitCases,
  ...damagedGitCases,
  ...githubCases,
  ...linearCases,
  ...modelCases,
  ...modelNetworkCases,
  ...silentSupervisorCases,
  ...wildAgentCases,
  ...peopleCases,
  ...starvedHostCases,
  ...nearlyFullCases,
].sort((a, b) => rowOf(a) - rowOf(b));
