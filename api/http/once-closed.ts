import type { ServerResponse } from 'node:http';

/** Calls back when the response is over, at once where its client has gone already: that is told only once. */
export function onceClosed(response: ServerResponse, callback: () => void): void {
  if (response.destroyed) callback();
  else response.once('close', callback);
}
