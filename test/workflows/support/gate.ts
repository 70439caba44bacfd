let release: () => void = () => undefined;

/** What a tool waits for until the test calls `openGate`; one at a time. */
export const gate = (): Promise<void> =>
  new Promise((resolve) => {
    release = resolve;
  });

export const openGate = (): void => release();
