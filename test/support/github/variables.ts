import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitHub } from './start.js';

/** By which an instance finds this GitHub and is its App. The App's key goes into a file of the directory. */
export function variablesOf(
  github: GitHub,
  directory: string,
  webhookSecret: string,
): Readonly<Record<string, string>> {
  const key = join(directory, 'github-app.pem');
  writeFileSync(key, github.app.privateKey);
  chmodSync(key, 0o600);
  return {
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_APP_ID: String(github.app.id),
    GITHUB_APP_PRIVATE_KEY_FILE: key,
    GITHUB_WEBHOOK_SECRET: webhookSecret,
  };
}
