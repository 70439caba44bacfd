import type { ApiRuntimeSettings } from '../dependencies.js';

/** The workflow's page in the Temporal Web UI; null where no UI is configured. */
export const temporalLink = (
  { temporalUiUrl, temporalNamespace }: Pick<ApiRuntimeSettings, 'temporalUiUrl' | 'temporalNamespace'>,
  workflowId: string,
): string | null =>
  temporalUiUrl === undefined
    ? null
    : `${temporalUiUrl}/namespaces/${encodeURIComponent(temporalNamespace)}/workflows/${encodeURIComponent(workflowId)}`;
