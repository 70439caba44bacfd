/** `normal` for people's work; `brisk` shortens heartbeats and backoff for demo, tests and chaos. Travels in every input. */
export type Tuning = 'normal' | 'brisk';
