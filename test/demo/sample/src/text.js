import { subtotal } from './invoice.js';

/** The invoice as plain text. */
export function toText(invoice) {
  const lines = invoice.lines.map((line) => `${line.quantity} x ${line.name}: ${line.quantity * line.unitCents}`);
  return [`Invoice ${invoice.number}`, ...lines, `Subtotal: ${subtotal(invoice)}`].join('\n');
}
