// What the factory's sweep looks at. Shared queue, STORE.

export interface LiveHost {
  readonly hostId: string;
  readonly queue: string;
}

export interface FleetActivities {
  /** Hosts seen within `staleMs`. */
  listLiveHosts(input: { readonly staleMs: number }): Promise<readonly LiveHost[]>;
  /** Projects with trees or branches that may need cleaning. */
  listProjects(): Promise<readonly { readonly projectId: string }[]>;
  /** Logs and blobs of ended work past their retention, expired evidence and idempotency keys. */
  sweepStore(): Promise<{ readonly removed: number }>;
}
