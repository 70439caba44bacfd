import { chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeDirectory } from '../../../infra/remove-directory.js';
import { plainText } from '../../checks/log-text.js';
import type { CommandResult, Sandbox, SandboxCommand } from '../../sandbox/command.js';
import type { ServiceUser } from '../../sandbox/etc-copy.js';
import { hostLimits, type SandboxLimits } from '../../sandbox/limits.js';
import { capturedText } from '../../sandbox/output.js';
import { whyUnreachable } from '../../sandbox/reach.js';
import { type ProgramModel, withModel } from '../front/program-model.js';
import type { ToolTree } from '../tools/file-tools.js';
import { type ProgramResult, type ReadResult, readResult } from './result.js';

/** What the host configuration says of a `command` agent. */
export interface CommandAgent {
  readonly argv: readonly string[];
  readonly readOnly: readonly string[];
  readonly network: 'none' | 'host';
  readonly timeoutSeconds?: number;
  /** Its full name; the program may ask it through the broker. Null: none. */
  readonly model: string | null;
}

export interface ProgramStart {
  readonly agent: CommandAgent;
  readonly tree: ToolTree;
  readonly prompt: string;
  /** Written to the file that MILLWRIGHT_CONTEXT names. */
  readonly context: object;
  /** What it may ask while it runs. */
  readonly model?: ProgramModel | undefined;
  /** What is left of the run's deadline. */
  readonly timeoutMs: number;
}

export type ProgramEnd =
  | { readonly kind: 'ended'; readonly result?: ProgramResult; readonly log: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly exitCode?: number; readonly log: string }
  | { readonly kind: 'timeout'; readonly reason: string; readonly log: string };

export interface ProgramDeps {
  readonly sandbox: Sandbox;
  /** Directory of ours that the service user can reach. */
  readonly directory: string;
  readonly user: ServiceUser | undefined;
  readonly limits?: SandboxLimits;
  /** How long a program may go on after it wrote its result. Default 10 s. */
  readonly graceMs?: number;
}

const INSIDE = '/run/millwright';
const KEEP_BYTES = 1024 ** 2;
const REASON_CHARACTERS = 1000;
const GRACE_MS = 10_000;
const LOOK_MS = 250;

/** Runs the agent's program once in its tree. Every process of it is dead afterwards. @throws the signal's reason */
export const runCommandAgent = async (
  deps: ProgramDeps,
  start: ProgramStart,
  signal: AbortSignal,
): Promise<ProgramEnd> => {
  const missing = await whyUnreachable(visiblePaths(start.agent), deps.user);
  if (missing !== undefined)
    return { kind: 'failed', reason: `The agent's program cannot be run: ${missing}`, log: '' };
  const exchange = await makeExchange(deps, start.context);
  // Aborted when the program has said that it is done, and goes on all the same.
  const enough = new AbortController();
  const over = new AbortController();
  try {
    void endAfterResult(exchange.result, deps.graceMs ?? GRACE_MS, over.signal, enough); // ends with `over`
    const command = await withModel(commandOf(deps, start, exchange.directory), start.model);
    const ended = await deps.sandbox.run(command, AbortSignal.any([signal, enough.signal])).catch((error: unknown) => {
      if (signal.aborted || !enough.signal.aborted) throw error;
      return 'enough' as const;
    });
    return endOf(ended, await readResult(exchange.result));
  } finally {
    over.abort();
    await removeDirectory(exchange.directory);
  }
};

const makeExchange = async (
  { directory, user }: ProgramDeps,
  context: object,
): Promise<{ readonly directory: string; readonly result: string }> => {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const made = await mkdtemp(join(directory, 'program-'));
  const out = join(made, 'out');
  await mkdir(out);
  await writeFile(join(made, 'context.json'), JSON.stringify(context, undefined, 2), { mode: 0o644 });
  if (user) {
    await chown(made, user.uid, user.gid);
    await chown(out, user.uid, user.gid);
  }
  return { directory: made, result: join(out, 'result.json') };
};

const commandOf = (
  deps: ProgramDeps,
  { agent, tree, prompt, timeoutMs }: ProgramStart,
  exchange: string,
): SandboxCommand => {
  const at = tree.isolation === 'none' ? exchange : INSIDE;
  const ownMs = agent.timeoutSeconds === undefined ? timeoutMs : agent.timeoutSeconds * 1000;
  return {
    argv: agent.argv,
    tree: tree.path,
    isTreeReadOnly: tree.isReadOnly,
    env: { MILLWRIGHT_CONTEXT: `${at}/context.json`, MILLWRIGHT_RESULT: `${at}/out/result.json` },
    stdin: prompt,
    network: agent.network,
    readOnly: [
      { source: join(exchange, 'context.json'), target: `${INSIDE}/context.json` },
      ...visiblePaths(agent).map((path) => ({ source: path, target: path })),
    ],
    writable: [{ source: join(exchange, 'out'), target: `${INSIDE}/out` }],
    hasDiskScratch: true,
    isolation: tree.isolation,
    keepBytes: KEEP_BYTES,
    limits: { ...(deps.limits ?? hostLimits()), wallMs: Math.min(timeoutMs, ownMs) },
  };
};

/** The program itself need not be named twice: an absolute one outside /usr is shown too. */
const visiblePaths = ({ argv, readOnly }: CommandAgent): readonly string[] => {
  const [program = ''] = argv;
  const isShown = [...readOnly, '/usr', '/bin', '/sbin'].some(
    (path) => program === path || program.startsWith(`${path.replace(/\/$/, '')}/`),
  );
  return program.startsWith('/') && !isShown ? [...readOnly, program] : readOnly;
};

const endAfterResult = async (
  path: string,
  graceMs: number,
  over: AbortSignal,
  enough: AbortController,
): Promise<void> => {
  while (!over.aborted) {
    await sleep(LOOK_MS, undefined, { signal: over, ref: false }).catch(() => undefined); // the program ended
    if (over.aborted) return;
    if ((await readResult(path)).kind !== 'result') continue;
    await sleep(graceMs, undefined, { signal: over, ref: false }).catch(() => undefined);
    if (!over.aborted) enough.abort();
    return;
  }
};

const endOf = (ended: CommandResult | 'enough', read: ReadResult): ProgramEnd => {
  const log = ended === 'enough' ? 'The program went on after it had written its result, and was ended.' : logOf(ended);
  if (ended !== 'enough') {
    const { end } = ended;
    if (end.kind === 'limit') {
      return end.limit === 'time'
        ? { kind: 'timeout', reason: end.message, log }
        : { kind: 'failed', reason: end.message, log };
    }
    if (end.code !== 0) {
      const said = plainText(capturedText(ended.stderr)).trim() || plainText(capturedText(ended.stdout)).trim();
      const reason = `The program ended with exit code ${end.code}. ${said.slice(-REASON_CHARACTERS)}`.trim();
      return { kind: 'failed', reason, exitCode: end.code, log };
    }
  }
  if (read.kind === 'invalid') return { kind: 'failed', reason: `MILLWRIGHT_RESULT is of no use: ${read.why}.`, log };
  return read.kind === 'none' ? { kind: 'ended', log } : { kind: 'ended', result: read.result, log };
};

const logOf = ({ stdout, stderr, isolation }: CommandResult): string =>
  [
    ...(isolation === 'none' ? ['WARNING: run without a sandbox, as an admin set sandbox: none.'] : []),
    plainText(capturedText(stdout)),
    ...(stderr.totalBytes === 0 ? [] : ['--- stderr ---', plainText(capturedText(stderr))]),
  ].join('\n');
