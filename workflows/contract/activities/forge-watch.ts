// What happens at a forge that others use as well. Shared queue, FORGE_LOOK.

/** `open`: work is open, look again soon. `idle`: none is. `gone`: nothing to look at any more. */
export interface ForgeLook {
  readonly kind: 'open' | 'idle' | 'gone';
}

/** Each reads the forge anew and changes rows, or tells workflows to look for themselves. Repeatable. */
export interface ForgeWatchActivities {
  /** Looks at what the project's unhandled deliveries name. */
  applyHints(input: { readonly projectId: string }): Promise<ForgeLook>;
  /** The same without deliveries: whatever may have changed since the last look. */
  reconcileForge(input: { readonly projectId: string }): Promise<ForgeLook>;
}
