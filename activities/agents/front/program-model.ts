import { withTransaction } from '../../../infra/pg/transaction.js';
import type { Fetch } from '../../sandbox/broker.js';
import type { SandboxCommand } from '../../sandbox/command.js';
import type { AgentRun } from '../../store/agent-run.repository.js';
import { bookLostOfRun } from '../../store/usage.repository.js';
import { type BooksDeps, runBooks } from './books.js';
import { ModelFront } from './model-front.js';

/** The model that a program may ask while it runs. */
export interface ProgramModel {
  readonly name: string;
  readonly front: ModelFront;
}

export interface ProgramModelDeps extends BooksDeps {
  /** The broker's. */
  readonly fetch: Fetch;
}

/**
 * Opens the front for a program whose agent names a model; undefined for any other. What an attempt that died had begun
 * to buy is booked in full.
 */
export const openProgramModel = async (
  deps: ProgramModelDeps,
  name: string | null,
  { run, turn }: { readonly run: AgentRun; readonly turn: number },
): Promise<ProgramModel | undefined> => {
  if (name === null) return undefined;
  await withTransaction(deps.pools.writes, (tx) => bookLostOfRun(tx, run.runId));
  const books = runBooks(deps, { run, turn, model: name });
  return { name, front: new ModelFront({ fetch: deps.fetch, books, model: name }) };
};

/** In a sandbox every run has this port to itself. */
const PORT_INSIDE = 7461;

/** Adds where the model is found, in the variables that the vendor's own programs read. */
export const withModel = async (command: SandboxCommand, model: ProgramModel | undefined): Promise<SandboxCommand> => {
  if (model === undefined) return command;
  const { front, name } = model;
  const isAlone = command.isolation !== 'none' && command.network === 'none';
  const port = isAlone ? PORT_INSIDE : await front.listen();
  const env = {
    ...command.env,
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
    ANTHROPIC_API_KEY: front.token,
    ANTHROPIC_MODEL: name,
  };
  if (!isAlone) return { ...command, env };
  return { ...command, env, listener: { port, accept: (listening) => front.serve(listening) } };
};
