/** One attempt of the forge to bring a delivery here. */
export interface DeliveryAttempt {
  /** Of the attempt. */
  readonly id: number;
  /** Of the delivery: all its attempts share it. */
  readonly guid: string;
  /** HTTP status that it was answered with; 0 when nobody answered. */
  readonly status: number;
}

/** An endpoint that refuses this often will refuse once more. */
const MOST_ATTEMPTS = 5;

/** Deliveries that no attempt has brought here. @param attempts newest first @returns ids of their newest attempts */
export function failedDeliveries(attempts: readonly DeliveryAttempt[]): readonly number[] {
  const byGuid = new Map<string, readonly DeliveryAttempt[]>();
  for (const attempt of attempts) byGuid.set(attempt.guid, [...(byGuid.get(attempt.guid) ?? []), attempt]);
  return [...byGuid.values()].flatMap(([newest, ...older]) => {
    const all = newest === undefined ? [] : [newest, ...older];
    const arrived = all.some(({ status }) => status >= 200 && status < 300);
    return newest === undefined || arrived || all.length >= MOST_ATTEMPTS ? [] : [newest.id];
  });
}
