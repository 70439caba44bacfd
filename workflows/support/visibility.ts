import type { SearchAttributePair, SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.js';

export type Attributes = Partial<Record<keyof typeof SEARCH_ATTRIBUTE, string>>;

/** For a start. Ids and state names only: search attributes are not encrypted. */
export const attributePairs = (values: Attributes): SearchAttributePair[] =>
  (Object.keys(SEARCH_ATTRIBUTE) as (keyof typeof SEARCH_ATTRIBUTE)[]).flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ key: SEARCH_ATTRIBUTE[name], value }];
  });

/** Shows state and status in the Web UI: the state only when it changed (it costs an event), the text always. */
export function makeShow(): (attributes: Attributes, details: string) => void {
  let shown = '';
  return (attributes, details) => {
    setCurrentDetails(details);
    const text = JSON.stringify(attributes);
    if (text === shown) return;
    shown = text;
    upsertSearchAttributes(attributePairs(attributes) as SearchAttributeUpdatePair[]);
  };
}

const SUMMARY_BYTES = 200;

/** Static summary of a start: `Task: <title>`, cut to what the server accepts. Bytes, for a title may be in any script. */
export function summaryLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const bytes = new TextEncoder().encode(line);
  if (bytes.length <= SUMMARY_BYTES) return line;
  let end = line.length;
  while (new TextEncoder().encode(line.slice(0, end)).length > SUMMARY_BYTES - 3) end -= 1;
  return `${line.slice(0, end)}…`;
}
