import { type ParseArgsConfig, parseArgs } from 'node:util';

/**
 * Command line of a program started by `npm run`. `--help` prints how it is used and ends the process with 0; an
 * unknown option prints it too and ends the process with 2, before anything is started.
 */
export function readCommandLine<const T extends ParseArgsConfig>(usage: string, config: T) {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`); // parseArgs throws nothing else
    return process.exit(2);
  }
}
