import { CancellationScope, isCancellation, proxyActivities, TemporalFailure } from '@temporalio/workflow';
import type { FailedCheck } from '../../domain/merge/types.js';
import type { CheckActivities, EvidenceActivities } from '../contract/activities/checks.js';
import type { ComposeOutcome } from '../contract/activities/merge.js';
import type { Tuning } from '../contract/tuning.js';
import { activityPolicy } from '../policy/activity-options.js';
import { type Outlast, outlastLimits } from '../support/forge-limit.js';
import type { Infra, VerifyPorts } from './verify.js';

export interface VerifyWiring {
  readonly projectId: string;
  /** Claims and evidence carry it; a repeated verification of one candidate uses the same. */
  readonly buildId: string;
  readonly tuning: Tuning;
  readonly compose: () => Promise<ComposeOutcome>;
  readonly suspect: (check: FailedCheck) => Promise<void>;
  /** How a limited forge is waited for. Default: by a timer. */
  readonly outlast?: Outlast;
}

/** The activities behind a verification, with failures turned into values. */
export function verifyPorts({
  projectId,
  buildId,
  tuning,
  compose,
  suspect,
  outlast = outlastLimits(),
}: VerifyWiring): VerifyPorts {
  const planner: Pick<CheckActivities, 'planChecks'> = proxyActivities<CheckActivities>(
    activityPolicy('FORGE_READ', tuning),
  );
  const evidence: EvidenceActivities = proxyActivities<EvidenceActivities>(activityPolicy('STORE', tuning));
  const runs = new CancellationScope();
  return {
    compose: () => orInfra(outlast(compose)),
    planChecks: (input) => orInfra(outlast(() => planner.planChecks({ projectId, ...input }))),
    lookUpEvidence: (keys) => evidence.lookUpEvidence({ projectId, keys }),
    storeEvidence: (record) => evidence.storeEvidence({ projectId, record: { ...record, buildId } }),
    voidEvidence: (keys, reason) => evidence.voidEvidence({ projectId, keys, reason }),
    suspect,
    stopRunning: () => runs.cancel(),
    runCheck: async (input) => {
      const summary = `${input.check}: ${input.purpose}${input.only ? ` of ${input.only.length} tests` : ''}`;
      const runner: Pick<CheckActivities, 'runCheck'> = proxyActivities<CheckActivities>({
        ...activityPolicy('CHECKS', tuning),
        summary,
      });
      try {
        return await runs.run(() => outlast(() => runner.runCheck({ projectId, buildId, ...input })));
      } catch (err) {
        const stopped =
          isCancellation(err) && runs.consideredCancelled && !CancellationScope.current().consideredCancelled;
        if (!(err instanceof TemporalFailure) || (isCancellation(err) && !stopped)) throw err;
        return { outcome: 'infra', failedTests: [], ms: 0, message: stopped ? 'stopped' : messageOf(err) };
      }
    },
  };
}

/** A cancellation is the caller's; anything else the engine reports is broken machinery, which a later attempt may find mended. */
async function orInfra<T>(answer: Promise<T>): Promise<T | Infra> {
  try {
    return await answer;
  } catch (err) {
    if (!(err instanceof TemporalFailure) || isCancellation(err)) throw err;
    return { kind: 'infra', error: messageOf(err) };
  }
}

const messageOf = (err: TemporalFailure): string => (err.cause instanceof Error ? err.cause.message : err.message);
