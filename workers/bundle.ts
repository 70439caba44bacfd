import { dirname, extname, join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/**
 * Bundles the workflows for the engine's sandbox.
 * @throws Error on any warning or error of the bundler: a bundle that half works fails at run time
 */
export async function bundleWorkflows(workflowsPath: string): Promise<string> {
  const complaints: string[] = [];
  const complain = (message: string): void => {
    complaints.push(message);
  };
  const quiet = (): void => {};
  const logger = { trace: quiet, debug: quiet, info: quiet, warn: complain, error: complain, log: quiet };
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [interceptorsBeside(workflowsPath)],
    logger,
  });
  if (complaints.length > 0) throw new Error(`The workflow bundle has warnings:\n${complaints.join('\n')}`);
  return code;
}

/** What every workflow hears with; workers take it from the bundle. */
export const interceptorsBeside = (workflowsPath: string): string =>
  join(dirname(workflowsPath), 'support', `odd-signals${extname(workflowsPath)}`);
