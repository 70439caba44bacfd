import { DEFAULT_SCORE, soundScore } from '../../../domain/merge/config.js';
import type { Score } from '../../../domain/merge/types.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import { countVerdicts, usualCheckMs } from '../../store/evidence.repository.js';

const MICRO_NATS = 1_000_000;

/**
 * Beta(4, 1) over the project's last verdicts: a project without any starts at 80 %. Logarithms are taken here and never
 * in the planner, whose replays must add the same integers on every machine.
 */
export async function scoreOf(db: Queryable, projectId: string): Promise<Score> {
  const { landed, failed } = await countVerdicts(db, projectId);
  const p = (4 + landed) / (5 + landed + failed);
  const estMs =
    Object.values(await usualCheckMs(db, projectId)).reduce((sum, ms) => sum + ms, 0) || DEFAULT_SCORE.estMs;
  return soundScore({
    costIn: Math.round(-MICRO_NATS * Math.log(p)),
    costOut: Math.round(-MICRO_NATS * Math.log(1 - p)),
    okPpm: Math.round(p * MICRO_NATS),
    estMs,
    sdMs: Math.round(estMs * 0.4),
  });
}
