import type { AgentRunInput, AgentRunView } from '../contract/agent-run.js';
import type { AgentRunState } from './agent-run.state.js';
import type { RunPorts } from './ports.js';

/** The one place that holds the run. Read anew after every await: handlers change it meanwhile. */
export interface RunCell {
  readonly input: AgentRunInput;
  readonly ports: RunPorts;
  readonly read: () => AgentRunState;
  readonly change: (next: AgentRunState, reason: string, by?: string) => AgentRunView;
}
