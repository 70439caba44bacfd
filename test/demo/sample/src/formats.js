import { toText } from './text.js';

/** Every way to write an invoice, by name. */
export const formats = new Map([
  // In the order in which they are offered.
  ['text', toText],
]);
