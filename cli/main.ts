#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { Failure } from '../domain/failures.js';
import { addEpicCommands } from './commands/epic.commands.js';
import { addProjectCommands } from './commands/project.commands.js';
import { addQueueCommands } from './commands/queue.commands.js';
import { addStackCommands } from './commands/stack.commands.js';
import { addTalkCommands } from './commands/talk.commands.js';
import { addTaskCommands } from './commands/task.commands.js';
import { CliError, EXIT } from './errors.js';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

const program = new Command('millwright')
  .description('A durable software factory: epics in, tested and merged pull requests out.')
  .version(version)
  .option('--json', "print the API's own shapes")
  .exitOverride()
  .configureHelp({ sortSubcommands: false });

addStackCommands(program);
addProjectCommands(program);
addEpicCommands(program);
addTaskCommands(program);
addQueueCommands(program);
addTalkCommands(program);

/** 0 done, 1 refused or failed, 2 wrong usage. */
async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const isJson = program.opts<{ json?: boolean }>().json ?? false;
    if (isJson && error instanceof CliError && error.problem !== undefined) {
      process.stdout.write(`${JSON.stringify(error.problem, undefined, 2)}\n`);
    }
    if (error instanceof CliError || error instanceof Failure) {
      process.stderr.write(`${error.message}\n`);
      return error instanceof CliError ? error.exitCode : EXIT.failed;
    }
    throw error;
  }
}

process.exitCode = await main();
