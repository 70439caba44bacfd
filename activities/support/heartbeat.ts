import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';

const LONGEST_MS = 5_000;

/**
 * Heartbeats by timer from before the first wait until `work` ends, at most a third of the heartbeat timeout apart.
 * `work` gets the signal that the engine aborts when the activity is cancelled or no longer ours.
 */
export async function withHeartbeat<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeoutMs = activityInfo().heartbeatTimeoutMs;
  const everyMs = timeoutMs === undefined ? LONGEST_MS : Math.min(LONGEST_MS, Math.floor(timeoutMs / 3));
  heartbeat();
  const timer = setInterval(() => heartbeat(), everyMs);
  try {
    return await work(cancellationSignal());
  } finally {
    clearInterval(timer);
  }
}
