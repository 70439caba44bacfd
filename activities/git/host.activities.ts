import { hostname } from 'node:os';
import { v5 as uuidv5 } from 'uuid';
import { Failure } from '../../domain/failures.js';
import { noRoomWords } from '../../domain/waiting-words.js';
import { leastSpace, MIN_FREE_BYTES } from '../../infra/free-space.js';
import type { Pools } from '../../infra/pg/pools.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import type { FullHost, HostClaimActivities } from '../../workflows/contract/activities/git.js';
import { mailAdmins } from '../mail/admins.js';
import { fullDiskText } from '../mail/templates.js';
import { fillsUp } from '../store/host.repository.js';

export interface HostClaimDeps {
  readonly pools: Pools;
  readonly hostId: string;
  readonly hostQueue: string;
  /** Where work writes; they may lie on several disks. */
  readonly directories: readonly [string, ...string[]];
  /** Below it this host takes no more work, and another may. */
  readonly minFreeBytes?: number;
}

/** On the shared queue: whichever process runs it names itself. */
export const createHostClaimActivities = (deps: HostClaimDeps): HostClaimActivities => ({
  /** @throws Unavailable `DISK_FULL` to who asks patiently */
  claimHost: async ({ projectId, isPatient }) => {
    const wantedBytes = deps.minFreeBytes ?? MIN_FREE_BYTES;
    const { directory, freeBytes } = await leastSpace(deps.directories);
    if (freeBytes >= wantedBytes) return { hostQueue: deps.hostQueue, hostId: deps.hostId };
    const full: FullHost = { kind: 'full', host: hostname(), directory, freeBytes, wantedBytes };
    await tellOnce(deps, full, projectId);
    if (!isPatient) return full;
    throw new Failure('Unavailable', `waits for ${noRoomWords(full)}`, { reason: 'DISK_FULL', freeBytes });
  },
});

/** Many tasks ask a full host, again and again: people hear of it once, until it has had room. */
async function tellOnce({ pools, hostId }: HostClaimDeps, full: FullHost, projectId: string): Promise<void> {
  await withTransaction(pools.writes, async (tx) => {
    const since = await fillsUp(tx, hostId);
    if (since === undefined) return;
    const id = uuidv5(`${hostId} is full since ${since}`, projectId);
    const from = { kind: 'system', id: hostId } as const;
    await mailAdmins(tx, { ...fullDiskText(full), id, from, needsAnswer: false, projectId });
  });
}
