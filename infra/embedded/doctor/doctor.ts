import {
  type Config,
  canAskModel,
  githubCredentials,
  linearCredentials,
  linearWebhookSecrets,
  loadConfig,
} from '../../config.js';
import { errorMessage, errorReason } from '../../errors.js';
import { advised, type Check, failed, passed } from './check.js';
import { gitHubLooks, type ReadCredentials } from './github.js';
import { checkApiAddress, checkDisk, checkHome, checkPorts, checkRestored, checkSecrets } from './host.js';
import { checkHostFile } from './host-file.js';
import { linearLooks } from './linear.js';
import { checkGit, checkNode } from './programs.js';
import { checkCgroups, checkSandbox } from './sandbox.js';
import { checkPostgres, checkTemporal } from './stores.js';

/** Looks at everything Millwright relies on. It changes nothing but what a start would prepare anyway. */
export const examine = async (
  load: () => Config = loadConfig,
  readCredentials: ReadCredentials = githubCredentials,
): Promise<readonly Check[]> => {
  const programs = [checkNode(), await checkGit()];
  let config: Config;
  try {
    config = load();
  } catch (error) {
    // Everything else depends on where things are.
    const remedy = 'Correct the variable or the line that it names, and run doctor again.';
    return [...programs, failed('configuration', errorMessage(error), remedy)];
  }
  const looks: Readonly<Record<string, () => Check | Promise<Check>>> = {
    'model key': checkModelKey,
    'host.yml': () => checkHostFile(config),
    sandbox: () => checkSandbox(config),
    cgroups: checkCgroups,
    home: () => checkHome(config),
    secrets: () => checkSecrets(config),
    restore: () => checkRestored(config),
    disk: () => checkDisk(config),
    'api address': () => checkApiAddress(config),
    ports: () => checkPorts(config),
    postgres: () => checkPostgres(config),
    temporal: () => checkTemporal(config),
    ...gitHubLooks(config, readCredentials),
    ...linearLooks(config, { credentials: linearCredentials, webhookSecrets: linearWebhookSecrets }),
  };
  const checks = [...programs, passed('configuration', config.layout.home)];
  for (const [name, look] of Object.entries(looks)) checks.push(await lookSafely(name, look));
  return checks;
};

/** What cannot be looked at is a finding too, and keeps nobody from the other ones. */
const lookSafely = async (name: string, look: () => Check | Promise<Check>): Promise<Check> => {
  try {
    return await look();
  } catch (error) {
    return failed(name, errorReason(error), 'Do what it says, or give the user who runs Millwright access.');
  }
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
