import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formats } from '../src/formats.js';
import { createInvoice, subtotal } from '../src/invoice.js';

const invoice = createInvoice('2026-1', [
  { name: 'bolt', quantity: 10, unitCents: 25 },
  { name: 'nut', quantity: 10, unitCents: 15 },
]);

test('the subtotal is the sum of all lines', () => {
  assert.equal(subtotal(invoice), 400);
});

test('an invoice without lines is refused', () => {
  assert.throws(() => createInvoice('2026-2', []), RangeError);
});

test('every format writes the number of the invoice', () => {
  for (const [name, write] of formats) assert.match(write(invoice), /2026-1/, name);
});
