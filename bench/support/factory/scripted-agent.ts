import type { EncodedRequest, ModelPort, ModelReply } from '../../../activities/agents/model-port.js';
import type { HostToolActivities } from '../../../workflows/contract/activities/agents.js';

/** A prompt with this and a name in it is followed: whoever runs the worker hears of every call. */
export const FOLLOWED = 'followed-';

export interface Asked {
  readonly asked: string;
}

/** A model that writes a file in every turn but the last, where it says that the work is done, and tools that do nothing. */
export class ScriptedAgent implements ModelPort {
  constructor(
    private readonly turns: number,
    private readonly say: (call: Asked) => void,
  ) {}

  async complete({ body }: EncodedRequest): Promise<ModelReply> {
    const text = String(body);
    const [, name] = new RegExp(`${FOLLOWED}([a-z]+)`).exec(text) ?? [];
    if (name !== undefined) this.say({ asked: name });
    return this.reply(text.split('"role":"assistant"').length - 1);
  }

  get tools(): HostToolActivities {
    return {
      runHostTool: async ({ callId, turn }) =>
        turn < this.turns - 1
          ? { callId, ok: true }
          : { callId, ok: true, effect: { kind: 'completed', summary: 'It is done.' } },
    };
  }

  private reply(turn: number): ModelReply {
    const call =
      turn < this.turns - 1
        ? { name: 'write_file', input: { path: `file-${turn}.txt`, content: `turn ${turn}\n` } }
        : { name: 'task_complete', input: { summary: 'It is done.' } };
    const callId = `toolu_${turn}`;
    return {
      messageId: `msg_${turn}`,
      blocks: [{ type: 'tool_use', id: callId, ...call }],
      calls: [{ callId, ...call }],
      text: '',
      stopReason: 'tool_use',
      usage: { inputTokens: 100, cacheWrite5mTokens: 0, cacheWrite1hTokens: 0, cacheReadTokens: 0, outputTokens: 20 },
    };
  }
}
