const LIST_LAG_MS = 20_000;

/**
 * A forge's lists show what was just made a moment late: whether something whose answer was lost is there is known only
 * after that. @param lostMsAgo when the answer was lost; null: none was
 */
export const mayComeLate = (lostMsAgo: number | null): boolean => lostMsAgo !== null && lostMsAgo < LIST_LAG_MS;
