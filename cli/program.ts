import { Command, CommanderError } from 'commander';
import { Failure } from '../domain/failures.js';
import { loadClientSettings } from '../infra/config.js';
import { errorCode, errorReason } from '../infra/errors.js';
import { addBackupCommands } from './commands/backup.commands.js';
import { addControlCommands } from './commands/control.commands.js';
import { addEpicCommands } from './commands/epic.commands.js';
import { addGitHubCommands } from './commands/github.commands.js';
import { addInitCommands } from './commands/init.commands.js';
import { addKeyCommands } from './commands/key.commands.js';
import { addProjectCommands } from './commands/project.commands.js';
import { addQueueCommands } from './commands/queue.commands.js';
import { addRunCommands } from './commands/run.commands.js';
import { addStackCommands } from './commands/stack.commands.js';
import { addTalkCommands } from './commands/talk.commands.js';
import { addTaskCommands } from './commands/task.commands.js';
import { createContext, type GlobalOptions, type Surroundings } from './context.js';
import { CliError, EXIT } from './errors.js';
import { visible } from './output.js';

/** Runs one command line to its end. Answers the exit code: 0 done, 1 refused or failed, 2 wrong usage. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  const program = createProgram(surroundings);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError || error instanceof Failure)) {
      // A file or an address of this machine: what it is about is in the message.
      const isSystems = typeof errorCode(error) === 'string' && /^E[A-Z]/.test(String(errorCode(error)));
      stderr.write(`${visible(isSystems ? errorReason(error) : unexpected(error))}\n`);
      return EXIT.failed;
    }
    const isJson = program.opts<GlobalOptions>().json ?? false;
    if (isJson && error instanceof CliError && error.problem !== undefined) {
      stdout.write(`${JSON.stringify(error.problem, undefined, 2)}\n`);
    }
    stderr.write(`${visible(error.message)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}

/** `--project ''`, as a shell leaves of a variable that is not set, must not mean all of them. Free text may be empty. */
function refuseEmpty(command: Command): void {
  const given = command.opts<Record<string, unknown>>();
  for (const option of command.options.filter(({ flags }) => !flags.endsWith('<text>'))) {
    const value = given[option.attributeName()];
    if ([value].flat().includes('')) throw new CliError(`${option.long ?? option.flags} needs a value.`, EXIT.usage);
  }
}

/** A defect of ours: nobody can act on it but by telling us, and then its place is wanted. */
const unexpected = (error: unknown): string =>
  loadClientSettings().isTraceWanted && error instanceof Error && error.stack !== undefined
    ? error.stack
    : `Millwright failed in a way that it should not: ${errorReason(error)}. Set MILLWRIGHT_LOG_LEVEL=trace to see where, and please report it.`;

function createProgram(surroundings: Surroundings): Command {
  const program = new Command('millwright')
    .description('A durable software factory: epics in, tested and merged pull requests out.')
    .version(surroundings.version)
    .option('--json', "print the API's own shapes")
    .exitOverride()
    .showHelpAfterError('(--help says what the command takes)')
    .configureHelp({ sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void surroundings.stdout.write(text),
      writeErr: (text) => void surroundings.stderr.write(text),
    });
  program.hook('preAction', (_program, command) => refuseEmpty(command));
  const contextOf = () => createContext(program.opts<GlobalOptions>(), surroundings);
  addStackCommands(program, contextOf);
  addBackupCommands(program, contextOf);
  addInitCommands(program, contextOf);
  addGitHubCommands(program, contextOf);
  addProjectCommands(program, contextOf);
  addEpicCommands(program, contextOf);
  addTaskCommands(program, contextOf);
  addRunCommands(program, contextOf);
  addQueueCommands(program, contextOf);
  addTalkCommands(program, contextOf);
  addControlCommands(program, contextOf);
  addKeyCommands(program, contextOf);
  return program;
}
