import { proxyActivities } from '@temporalio/workflow';

export interface WaitingActivities {
  waitFor(name: string): Promise<string>;
}

const activities: WaitingActivities = proxyActivities<WaitingActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '3 seconds',
  retry: { initialInterval: '100 milliseconds', maximumAttempts: 3 },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});

export async function waiting(name: string): Promise<string> {
  return await activities.waitFor(name);
}
