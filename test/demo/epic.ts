import type { ApiClient, Resource } from '../../cli/api-client.js';
import type { ProgressView } from '../../cli/watch/progress.js';
import { followEpic } from '../../cli/watch/watch-epic.js';

export const BUDGET_USD = 5;
export const TITLE = 'Totals, taxes and formats for invoices';
export const DESCRIPTION = `Our invoices only know their lines. Give them money, tax, discounts and a total, let people have
them as CSV and JSON, and offer all of it on the command line. Keep amounts in whole cents, and test every module.`;
/** Ends a demo that would hang. */
const PATIENCE_MS = 20 * 60_000;

export const fileEpic = (api: ApiClient, projectId: string): Promise<Resource> =>
  api.post('/epics', {
    projectId,
    title: TITLE,
    description: DESCRIPTION,
    planner: 'model',
    overlap: 'allow',
    land: 'person',
    budgetMicroUsd: BUDGET_USD * 1_000_000,
  });

/** Follows the epic to its end, and lands it as a person would when it asks for that: through the API, or by `ask`. */
export async function seeThrough(
  api: ApiClient,
  epicId: string,
  progress: ProgressView,
  ask: (patience: AbortSignal) => Promise<void> = (patience) => land(api, epicId, patience),
): Promise<Resource> {
  let isLanding = false;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const ended = await followEpic(api, epicId, {
    progress,
    signal: patience,
    onChange: async ({ phase, state, prNumber, waitingFor }) => {
      if (phase === 'awaiting_merge' && prNumber && !isLanding) {
        isLanding = true;
        progress.note(`you: landing pull request #${prNumber} of the epic`);
        await ask(patience);
      }
      return needsSomebody(String(state), String(waitingFor));
    },
  });
  progress.done();
  return ended;
}

/** An outage blocks until its own next try; from anything else only a person could go on. */
const needsSomebody = (state: string, waitingFor: string): boolean =>
  waitingFor.startsWith('somebody') || (state === 'BLOCKED' && !waitingFor.startsWith('another try'));

/** The API, or what it needs, may be down at this moment: asked again until the epic has heard it. */
async function land(api: ApiClient, epicId: string, patience: AbortSignal): Promise<void> {
  while (!patience.aborted) {
    try {
      await api.post(`/epics/${epicId}/land`, { reason: 'Looked at it; it is what we asked for.' });
      return;
    } catch (error) {
      const { phase } = await api.get(`/epics/${epicId}`).catch((): Resource => ({ phase: 'awaiting_merge' }));
      if (phase !== 'awaiting_merge') return;
      if (patience.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
