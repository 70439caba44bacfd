import type { ActivityOptions } from '@temporalio/workflow';
import { QUEUE } from '../contract/task-queues.js';
import type { Tuning } from '../contract/tuning.js';

/** The only timeouts and retries of the system. A number is changed here or nowhere. */
export type PolicyName =
  | 'STORE'
  | 'FORGE_READ'
  | 'FORGE_WRITE'
  | 'FORGE_LOOK'
  | 'IMPORT'
  | 'LAND'
  | 'MODEL'
  | 'WORKTREE'
  | 'HOST_TOOL'
  | 'CLI_AGENT'
  | 'SEAL'
  | 'CLAIM_HOST'
  | 'CHECKS'
  | 'NOTIFY';

type Policy = Omit<ActivityOptions, 'taskQueue'> & { readonly taskQueue?: string };

const WAIT = 'WAIT_CANCELLATION_COMPLETED';
const TRY = 'TRY_CANCEL';
const ONCE = { maximumAttempts: 1 } as const;

const NORMAL: Record<PolicyName, Policy> = {
  // Nothing sensible happens without the database, so it is asked for ever.
  STORE: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '30 seconds' },
    cancellationType: WAIT,
  },
  // Reads are cheap to repeat; half an hour outlasts a forge's incident.
  FORGE_READ: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '30 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 20 },
    cancellationType: TRY,
  },
  // Every write reads back first, so a repeat is harmless; a cancelled one is awaited because its effect may exist.
  FORGE_WRITE: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '30 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 20 },
    cancellationType: WAIT,
  },
  // Everything that may have changed at the forge, in one go; what fails is looked at again by the factory's next turn.
  FORGE_LOOK: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToCloseTimeout: '30 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 5 },
    cancellationType: WAIT,
  },
  // A first fetch of a large repository takes long and says so by heartbeats; a source that stays away is told after 6 tries.
  IMPORT: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToCloseTimeout: '2 hours',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 6 },
    cancellationType: WAIT,
  },
  // A guarded push that reads the ref first. Few attempts: after them the queue re-plans from what the remote says.
  LAND: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToCloseTimeout: '15 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 5 },
    cancellationType: WAIT,
  },
  // A long reply takes minutes; Retry-After of the provider wins over the backoff.
  // A malformed reply was paid for: the run repeats the turn itself, at most three times.
  MODEL: {
    taskQueue: QUEUE.model,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToCloseTimeout: '2 hours',
    retry: {
      initialInterval: '1 second',
      maximumInterval: '1 minute',
      maximumAttempts: 10,
      nonRetryableErrorTypes: ['MalformedReply'],
    },
    cancellationType: WAIT,
  },
  // Making or resetting a large tree; each attempt removes what the last one left.
  WORKTREE: {
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToStartTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 3 },
    cancellationType: WAIT,
  },
  // Claimed: a second attempt could repeat an effect, so there is none.
  HOST_TOOL: {
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToStartTimeout: '1 minute',
    retry: ONCE,
    cancellationType: WAIT,
  },
  // One program run; its start-to-close is the run's deadline, given at the call.
  CLI_AGENT: {
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: '30 seconds',
    scheduleToStartTimeout: '1 minute',
    retry: ONCE,
    cancellationType: WAIT,
  },
  // Fenced and repeatable: a stalled seal must be replaced quickly, the run stands still meanwhile.
  SEAL: {
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '15 seconds',
    scheduleToStartTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 3 },
    cancellationType: WAIT,
  },
  // No host for an hour is an outage that a person must hear of.
  CLAIM_HOST: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '10 seconds',
    scheduleToCloseTimeout: '1 hour',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
    cancellationType: TRY,
  },
  // A red result is returned, so only broken machines are retried. 30 minutes is the pipeline's limit, 5 the slack.
  CHECKS: {
    taskQueue: QUEUE.checks,
    startToCloseTimeout: '35 minutes',
    heartbeatTimeout: '30 seconds',
    scheduleToCloseTimeout: '6 hours',
    retry: { initialInterval: '5 seconds', maximumInterval: '1 minute', maximumAttempts: 3 },
    cancellationType: WAIT,
  },
  // Nobody's work waits for a notice; its failure is logged.
  NOTIFY: {
    taskQueue: QUEUE.shared,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '5 minutes',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 3 },
    cancellationType: 'ABANDON',
  },
};

const BRISK_HEARTBEAT = '3 seconds';
const BRISK_BACKOFF = '2 seconds';
/** 0.2 + 0.4 + 0.8 + 1.6 + 2 s between them: short waits must still outlast the 2 s that a killed PostgreSQL is away. */
const BRISK_LEAST_ATTEMPTS = 6;

/** Demo, tests and chaos: death is seen within 3 s and nothing backs off beyond 2 s. */
const brisk = (policy: Policy): Policy => ({
  ...policy,
  ...(policy.heartbeatTimeout ? { heartbeatTimeout: BRISK_HEARTBEAT } : {}),
  ...(policy.retry && policy.retry.maximumAttempts !== 1
    ? {
        retry: {
          ...policy.retry,
          initialInterval: '200 milliseconds',
          maximumInterval: BRISK_BACKOFF,
          ...(policy.retry.maximumAttempts === undefined
            ? {}
            : { maximumAttempts: Math.max(policy.retry.maximumAttempts, BRISK_LEAST_ATTEMPTS) }),
        },
      }
    : {}),
});

/** Options of a proxy. A host's activities add `taskQueue`; every call site may add `summary`. */
export const activityPolicy = (name: PolicyName, tuning: Tuning): Policy =>
  tuning === 'brisk' ? brisk(NORMAL[name]) : NORMAL[name];

/** A program ends by itself at the run's deadline; a minute more is for killing it and saying so. */
const PROGRAM_GRACE_MS = 60_000;

/** @param timeoutMs what is left of the run's deadline */
export const programPolicy = (tuning: Tuning, timeoutMs: number): Policy => ({
  ...activityPolicy('CLI_AGENT', tuning),
  startToCloseTimeout: timeoutMs + PROGRAM_GRACE_MS,
});
