import { Failure } from '../domain/failures.js';
import { loadConfig } from '../infra/config.js';
import { prepareStores } from '../infra/embedded/prepare.js';
import { stackOptions } from './stack.js';

// Run once before API and worker where each process is started by something else, such as docker compose.
const say = (message: string): void => void process.stdout.write(`${message}\n`);
try {
  const config = loadConfig();
  await prepareStores(stackOptions(config, say));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
