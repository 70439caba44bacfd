import { spawn } from 'node:child_process';
import { environmentFor } from '../../infra/config.js';

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', linux: 'xdg-open' };

/** Tries to show the address; that it could not is no failure, for the address is printed too. */
export function openBrowser(address: string): void {
  const opener = OPENERS[process.platform];
  if (opener === undefined) return;
  const child = spawn(opener, [address], { detached: true, stdio: 'ignore', env: environmentFor('tool') });
  child.on('error', () => undefined);
  child.unref();
}
