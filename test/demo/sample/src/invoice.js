/** Makes an invoice out of a number and its lines. */
export function createInvoice(number, lines) {
  if (lines.length === 0) throw new RangeError('An invoice needs at least one line.');
  return { number, lines };
}

/** Sum of all lines in cents, before discount and tax. */
export function subtotal(invoice) {
  return invoice.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
}
