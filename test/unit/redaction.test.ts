import { expect, test } from '@jest/globals';
import { redactSecrets } from '../../domain/redaction.js';

test.each([
  ['curl -H "Authorization: Bearer abcdef123456"', 'curl -H "Authorization: Bearer [redacted]"'],
  ['git push https://ada:pass@host/r', 'git push https://[redacted]@host/r'],
  ['API_KEY=abc123 npm test', 'API_KEY=[redacted] npm test'],
  [`export DB_PASSWORD='a b c'; run`, 'export DB_PASSWORD=[redacted]; run'],
  ['echo sk-ant-api03-abcdefghijklmnop', 'echo [redacted]'],
  ['ghp_0123456789abcdefghij', '[redacted]'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- rest', '[redacted] rest'],
])('%s loses its secret', (text, expected) => {
  expect(redactSecrets(text)).toBe(expected);
});

test('ordinary commands stay as they are', () => {
  for (const text of [
    'npm test -- --grep token',
    'grep -rn password src',
    'node https://example.com/a@b',
    'ls task-1',
  ]) {
    expect(redactSecrets(text)).toBe(text);
  }
});
