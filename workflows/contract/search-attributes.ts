import { defineSearchAttributeKey } from '@temporalio/common';

/** Typed search attributes, registered at every start. Low cardinality, never user text: they are not encrypted. */
export const SEARCH_ATTRIBUTE = {
  kind: defineSearchAttributeKey('MillwrightKind', 'KEYWORD'),
  project: defineSearchAttributeKey('MillwrightProject', 'KEYWORD'),
  epic: defineSearchAttributeKey('MillwrightEpic', 'KEYWORD'),
  state: defineSearchAttributeKey('MillwrightState', 'KEYWORD'),
  agent: defineSearchAttributeKey('MillwrightAgent', 'KEYWORD'),
} as const;
