// What the factory's sweep looks at. Shared queue, STORE.

export interface LiveHost {
  readonly hostId: string;
  readonly queue: string;
}

/** Whether a person holds everything. */
export interface FactoryHold {
  readonly isPaused: boolean;
  readonly by: string;
  readonly reason: string;
}

export interface FleetActivities {
  /** Hosts seen within `staleMs`. */
  listLiveHosts(input: { readonly staleMs: number }): Promise<readonly LiveHost[]>;
  /** Projects with trees or branches that may need cleaning. */
  listProjects(): Promise<readonly { readonly projectId: string }[]>;
  /** Logs and blobs of ended work past their retention, expired evidence and idempotency keys. */
  sweepStore(): Promise<{ readonly removed: number }>;
  /** The row that a new factory starts from when the engine has lost its store. */
  saveFactoryHold(hold: FactoryHold): Promise<void>;
  /** FAILED: in a crash loop, not started again until cleared (IDLE). A decision says why. Repeatable. */
  markAgent(input: {
    readonly agentId: string;
    readonly state: 'FAILED' | 'IDLE';
    readonly reason: string;
    readonly by?: string;
  }): Promise<void>;
}
