const KEPT = 200;

/** Ids already applied, newest last, bounded. Carried through continue-as-new: senders repeat. */
export const withSeen = (seen: readonly string[], id: string): readonly string[] => [...seen, id].slice(-KEPT);
