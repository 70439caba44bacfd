import { redactSecrets } from '../../../domain/redaction.js';
import { plainText } from '../log-text.js';

const KEEP_CHARACTERS = 64 * 1024;

/** The end of a log of somebody else's machine, as text that is kept and shown to an agent as data. */
export function failureLog(name: string, conclusion: string, log: string): string {
  const text = redactSecrets(plainText(log)).trim();
  const kept = text.length > KEEP_CHARACTERS ? `…\n${text.slice(-KEEP_CHARACTERS)}` : text;
  return [`${name} on the forge’s CI: ${conclusion}`, kept].join('\n\n').toWellFormed();
}
