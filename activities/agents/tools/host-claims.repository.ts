import type { Queryable } from '../../../infra/pg/statement.js';
import type { ClaimKey } from '../../store/claim.repository.js';

/** Takes back the claim of a call that provably had no effect. A newer attempt's claim stays. */
export const dropClaim = async (db: Queryable, { runId, turn, callId }: ClaimKey, fence: string): Promise<void> => {
  await db.query({
    name: 'drop-claim',
    text: `DELETE FROM claim WHERE run_id = $1 AND turn = $2 AND call_id = $3 AND state = 'open' AND fence = $4`,
    values: [runId, turn, callId, fence],
  });
};
