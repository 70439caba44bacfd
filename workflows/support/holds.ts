import type { PausedBy } from '../contract/messages.js';

const ORDER: readonly PausedBy[] = ['person', 'parent', 'factory', 'budget'];

/** The set with or without one holder, always in the same order. */
export const withHold = (held: readonly PausedBy[], by: PausedBy, on: boolean): readonly PausedBy[] =>
  ORDER.filter((one) => (one === by ? on : held.includes(one)));

const WORDS: Record<PausedBy, string> = {
  person: 'a person to resume it',
  parent: 'its epic to be resumed',
  factory: 'the factory to be thawed',
  budget: 'a person to lift its budget limit',
};

/** Plain words for `waitingFor`. */
export const holdWords = (held: readonly PausedBy[]): string => held.map((by) => WORDS[by]).join(' and ');
