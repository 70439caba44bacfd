import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  CallModelInput,
  HostToolActivities,
  ModelActivities,
  ModelStep,
  ProgramActivities,
  ProgramOutcome,
  RunProgramInput,
  SealActivities,
  SealTurnInput,
  StoreToolActivities,
  ToolCallInput,
  ToolEffect,
} from '../../../workflows/contract/activities/agents.js';
import type {
  AcquireTreeInput,
  HostClaimActivities,
  TreeActivities,
} from '../../../workflows/contract/activities/git.js';
import type { MailActivities, SendMailInput } from '../../../workflows/contract/activities/mail.js';
import type {
  OpenRunInput,
  RunFacts,
  RunPatch,
  SaveRunInput,
  StoreActivities,
} from '../../../workflows/contract/activities/store.js';
import type { LifecycleEntry } from '../../../workflows/contract/lifecycle.js';

/** What one scripted model turn does: a reply, or an error; then what each of its calls does. */
export interface ScriptedTurn {
  readonly reply?: ModelStep;
  readonly fail?: ApplicationFailure;
  /** Effect of the call with this id, an error it throws, or a promise it waits for. */
  readonly tools?: Readonly<Record<string, ToolEffect | Error | Promise<unknown>>>;
  /** The same for the first attempt at a call only. */
  readonly once?: Readonly<Record<string, Error>>;
}

export const calls = (...names: string[]): ModelStep => ({
  kind: 'calls',
  calls: names.map((callId) => ({
    callId,
    name: callId,
    where: callId.startsWith('store') ? 'store' : 'host',
    summary: `${callId}: something`,
    readOnly: false,
  })),
});
export const complete: ScriptedTurn = {
  reply: calls('store-complete'),
  tools: { 'store-complete': { kind: 'completed', summary: 'all done' } },
};
export const failure = (type: string, details: object = {}): ApplicationFailure =>
  ApplicationFailure.create({ type, message: `${type} for the test`, nonRetryable: true, details: [details] });

/** One run's row, mail and agent, with everything that was asked of them. */
export class RunWorld {
  readonly modelCalls: CallModelInput[] = [];
  readonly programs: RunProgramInput[] = [];
  readonly toolCalls: ToolCallInput[] = [];
  readonly seals: SealTurnInput[] = [];
  readonly trees: AcquireTreeInput[] = [];
  readonly mails: SendMailInput[] = [];
  readonly entries: LifecycleEntry[] = [];
  readonly row: RunPatch & { revision: number } = { revision: 0 } as never;
  opened: OpenRunInput | undefined;
  ended: string | undefined;
  refusal: Error | undefined;
  stuck = false;
  facts: Partial<RunFacts> = {};
  onModel: (turn: number) => Promise<void> = async () => undefined;
  private failed = 0;

  constructor(
    readonly turns: readonly ScriptedTurn[],
    readonly programOutcomes: readonly (ProgramOutcome | Error | Promise<unknown>)[] = [],
  ) {}

  /** The next call of the same turn gets the next entry of the script. */
  skipScripted(): void {
    this.failed += 1;
  }

  states(): string[] {
    return this.entries.map(({ data }) => String(data?.to));
  }

  async callModel(input: CallModelInput): Promise<ModelStep> {
    this.modelCalls.push(input);
    await this.onModel(input.turn);
    // A failed attempt takes its script entry with it: the next call of the same turn gets the next one.
    const turn = this.turns[input.turn + this.failed];
    if (turn?.fail) {
      this.skipScripted();
      throw turn.fail;
    }
    return turn?.reply ?? { kind: 'silent', text: '' };
  }

  async runTool(input: ToolCallInput): Promise<ToolEffect | undefined> {
    this.toolCalls.push(input);
    const turn = this.turns[input.turn + this.failed];
    const isFirst =
      this.toolCalls.filter((call) => call.turn === input.turn && call.callId === input.callId).length === 1;
    const act = (isFirst ? turn?.once?.[input.callId] : undefined) ?? turn?.tools?.[input.callId];
    if (act instanceof Error) throw act;
    if (act instanceof Promise) {
      await Promise.race([act, Context.current().cancelled]);
      return undefined;
    }
    return act;
  }

  async runProgram(input: RunProgramInput): Promise<ProgramOutcome> {
    this.programs.push(input);
    const act = this.programOutcomes[this.programs.length - 1];
    if (act instanceof Error) throw act;
    if (act instanceof Promise) await Promise.race([act, Context.current().cancelled]);
    return (act as ProgramOutcome | undefined) ?? { kind: 'complete', summary: 'program done' };
  }
}

/** Activities of all runs of a suite; each finds its world by its run's id. */
export class RunWorlds {
  private readonly worlds = new Map<string, RunWorld>();

  add(runId: string, world: RunWorld): RunWorld {
    this.worlds.set(runId, world);
    return world;
  }

  /** World of a run whose id the test cannot know: asked when its row is opened. */
  onOpen: (input: OpenRunInput) => RunWorld | undefined = () => undefined;

  private of(runId: string | undefined): RunWorld {
    const world = this.worlds.get(runId ?? '');
    if (!world) throw ApplicationFailure.nonRetryable(`no world for ${runId}`, 'NotFound');
    return world;
  }

  readonly activities = {
    openRun: async (input: OpenRunInput) => {
      const made = this.worlds.has(input.runId) ? undefined : this.onOpen(input);
      const world = made ? this.add(input.runId, made) : this.of(input.runId);
      world.opened = input;
      if (world.refusal) throw world.refusal;
      if (world.ended) return { kind: 'ended', state: world.ended } as const;
      const facts: RunFacts = {
        runId: input.runId,
        agentId: 'agent-1',
        agentName: input.agentName,
        backend: 'anthropic',
        model: 'scripted',
        state: 'pending',
        revision: 0,
        promptRef: 'sha256:0',
        deadlineMs: 3_600_000,
        sealedTurns: 0,
        ...world.facts,
      };
      return { kind: 'open', facts } as const;
    },
    saveRun: async ({ runId, patch, entries }: SaveRunInput) => {
      const world = this.of(runId);
      Object.assign(world.row, patch);
      world.entries.push(...entries.filter(({ number }) => number > (world.entries.at(-1)?.number ?? 0)));
      world.row.revision += 1;
      return { revision: world.row.revision };
    },
    callModel: (input: CallModelInput) => this.of(input.runId).callModel(input),
    runHostTool: async (input: ToolCallInput) => {
      const effect = await this.heartbeating(() => this.of(input.runId).runTool(input));
      return { callId: input.callId, ok: true, ...(effect ? { effect } : {}) };
    },
    runStoreTool: async (input: ToolCallInput) => {
      const effect = await this.of(input.runId).runTool(input);
      return { callId: input.callId, ok: true, ...(effect ? { effect } : {}) };
    },
    runProgram: (input: RunProgramInput) => this.heartbeating(() => this.of(input.runId).runProgram(input)),
    sealTurn: async (input: SealTurnInput) => {
      const world = this.of(input.runId);
      world.seals.push(input);
      return { stuck: world.stuck, ...(input.lost ? {} : { checkpointSha: `checkpoint-${input.turn}` }) };
    },
    claimHost: async () => ({ hostQueue: 'host-b', hostId: 'b' }),
    acquireTree: async (input: AcquireTreeInput) => {
      this.of(input.ownerId).trees.push(input);
      return { treeId: 'tree-2', baseSha: input.at ?? 'tip' };
    },
    sendMail: async (input: SendMailInput) => void this.of(input.runId).mails.push(input),
  } satisfies ModelActivities &
    StoreToolActivities &
    HostToolActivities &
    ProgramActivities &
    SealActivities &
    HostClaimActivities &
    Pick<TreeActivities, 'acquireTree'> &
    Pick<StoreActivities, 'openRun' | 'saveRun'> &
    Pick<MailActivities, 'sendMail'>;

  private async heartbeating<T>(work: () => Promise<T>): Promise<T> {
    const beat = setInterval(() => Context.current().heartbeat(), 50);
    try {
      return await work();
    } finally {
      clearInterval(beat);
    }
  }
}
