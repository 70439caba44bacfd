import { defineSignal, defineUpdate } from '@temporalio/workflow';

/** Who may hold work. Work goes on only while the set is empty. */
export type PausedBy = 'person' | 'parent' | 'factory' | 'budget';

/** Sent by workflows to the workflows they hold: factory to holders of admission and queues, parents to children. */
export interface HoldMessage {
  readonly by: 'parent' | 'factory';
  readonly on: boolean;
}

/** A hint that mail waits; the text is read from the store. A repeated id is dropped. */
export interface MailMessage {
  readonly mailId: string;
  /** The question this answers, when it is an answer. */
  readonly answers?: string;
}

/** The factory's answer to `askAdmission`, sent again whenever the share changes. 0 = wait. */
export interface AdmittedMessage {
  readonly slots: number;
  /** Counts what this holder was told; its asks say which it has heard. */
  readonly nth?: number;
  /** Its share was lowered: an ask is to say what it does use. */
  readonly answer?: boolean;
}

/** Any control by a person. `by` names the API key or agent; ids make a repeat harmless. */
export interface ControlCommand {
  readonly by: string;
  readonly reason?: string;
  /** The `<revision>` of If-Match; an older one is refused as StaleVersion. */
  readonly expectedRevision?: number;
}

export const holdSignal = defineSignal<[HoldMessage]>('hold');
export const mailSignal = defineSignal<[MailMessage]>('mail');
export const admittedSignal = defineSignal<[AdmittedMessage]>('admitted');

/** What every control update answers: the workflow's state after the command. */
export interface ControlView {
  readonly state: string;
  readonly revision: number;
  readonly pausedBy: readonly PausedBy[];
  readonly waitingFor?: string;
}

export const pauseUpdate = defineUpdate<ControlView, [ControlCommand]>('pause');
export const resumeUpdate = defineUpdate<ControlView, [ControlCommand]>('resume');
export const cancelUpdate = defineUpdate<ControlView, [ControlCommand]>('cancel');
