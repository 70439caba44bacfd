const SECRET = '[redacted]';

/** Forms that secrets are known by. What stands before the secret is kept, so that the text still makes sense. */
const KNOWN: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abpr]-|npm_|lin_api_)[A-Za-z0-9_-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g,
];
const AUTHORISATION = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const ASSIGNMENT =
  /\b([\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)[\w-]*\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s"',;]+)/gi;

/**
 * Takes what looks like a secret out of a text for people (titles, summaries, log lines). It guesses by form: it is a
 * second net, not the reason why secrets are safe.
 */
export function redactSecrets(text: string): string {
  const known = KNOWN.reduce((rest, pattern) => rest.replace(pattern, SECRET), text);
  return known
    .replace(AUTHORISATION, `$1 ${SECRET}`)
    .replace(USER_INFO, `$1${SECRET}@`)
    .replace(ASSIGNMENT, `$1${SECRET}`);
}
