import { type Config, canAskModel, loadConfig } from '../../config.js';
import { errorMessage } from '../../errors.js';
import { advised, type Check, failed, passed } from './check.js';
import { checkApiAddress, checkDisk, checkHome, checkHostFile, checkPorts, checkRestored } from './host.js';
import { checkGit, checkNode } from './programs.js';
import { checkCgroups, checkSandbox } from './sandbox.js';
import { checkPostgres, checkTemporal } from './stores.js';

/** Looks at everything Millwright relies on. It changes nothing but what a start would prepare anyway. */
export const examine = async (load: () => Config = loadConfig): Promise<readonly Check[]> => {
  const programs = [checkNode(), await checkGit()];
  let config: Config;
  try {
    config = load();
  } catch (error) {
    // Everything else depends on where things are.
    const remedy = 'Correct the variable or the line that it names, and run doctor again.';
    return [...programs, failed('configuration', errorMessage(error), remedy)];
  }
  return [
    ...programs,
    passed('configuration', config.layout.home),
    checkModelKey(),
    checkHostFile(config),
    await checkSandbox(config),
    checkCgroups(),
    checkHome(config),
    checkRestored(config),
    checkDisk(config),
    checkApiAddress(config),
    await checkPorts(config),
    await checkPostgres(config),
    await checkTemporal(config),
  ];
};

/** `command` agents need none, so its absence is no failure. */
const checkModelKey = (): Check =>
  canAskModel()
    ? passed('model key', 'anthropic agents can run')
    : advised(
        'model key',
        'ANTHROPIC_API_KEY is not set',
        'Set it before `millwright up`, or name `command` agents in host.yml.',
      );
