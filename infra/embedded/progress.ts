/** Tells a person, in one line, what begins now and how long it may take. */
export type Progress = (message: string) => void;
