import type { Refusal } from '../../domain/failures.js';
import type { FactoryLimits } from '../contract/factory.js';
import type { ControlCommand } from '../contract/messages.js';
import { withHold } from '../support/holds.js';
import { type Factory, shared } from './factory.state.js';

const MOST = { maxEpics: 100, maxWorkers: 1_000 } as const;

export const whyNotPause = (factory: Factory): Refusal | undefined =>
  factory.pausedBy.includes('person') ? { type: 'InvalidState', message: 'The factory is paused already.' } : undefined;

export const pause = (factory: Factory, cmd: ControlCommand): Factory => held(factory, cmd, true);

export const whyNotThaw = (factory: Factory): Refusal | undefined =>
  factory.pausedBy.includes('person') ? undefined : { type: 'InvalidState', message: 'The factory is not paused.' };

export const thaw = (factory: Factory, cmd: ControlCommand): Factory => held(factory, cmd, false);

const held = (factory: Factory, { by, reason = '' }: ControlCommand, isPaused: boolean): Factory => ({
  ...factory,
  pausedBy: withHold(factory.pausedBy, 'person', isPaused),
  unsavedHold: { isPaused, by, reason },
});

export function whyNotLimits(limits: FactoryLimits): Refusal | undefined {
  for (const name of ['maxEpics', 'maxWorkers'] as const) {
    const value = limits[name];
    if (!Number.isInteger(value) || value < 1 || value > MOST[name])
      return { type: 'InvalidInput', message: `${name} must be a whole number from 1 to ${MOST[name]}.` };
  }
  return undefined;
}

export const setLimits = (factory: Factory, { maxEpics, maxWorkers }: FactoryLimits): Factory =>
  shared({ ...factory, limits: { maxEpics, maxWorkers } });

/** Also for an agent that the factory does not know of: the caller has seen its row. */
export const clearCrashLoop = (factory: Factory, agentId: string, by: string): Factory => ({
  ...factory,
  crashLoops: factory.crashLoops.filter((one) => one !== agentId),
  marks: [...factory.marks, { agentId, reason: 'cleared by a person', by }],
});
