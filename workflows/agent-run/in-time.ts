import { condition } from '@temporalio/workflow';
import { cancelAfter } from '../support/until-stopped.js';
import { type AgentRunState, isCounting, remainingMs } from './agent-run.state.js';

/** Does the work until it ends, the run is stopped or its unpaused time is over; then the work is cancelled. */
export function inTime<T>(read: () => AgentRunState, work: () => Promise<T>): Promise<T> {
  const isOver = (): boolean => read().stop !== undefined || remainingMs(read(), Date.now()) <= 0;
  const overTime = async (): Promise<void> => {
    while (!isOver()) {
      const counts = isCounting(read());
      const changed = (): boolean => isOver() || isCounting(read()) !== counts;
      if (counts) await condition(changed, Math.ceil(remainingMs(read(), Date.now())));
      else await condition(changed);
    }
  };
  return cancelAfter(overTime, work);
}
