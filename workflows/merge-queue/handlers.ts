import { setHandler } from '@temporalio/workflow';
import {
  admit,
  admittedAs,
  reprioritise,
  whyNotAdmit,
  whyNotReprioritise,
  whyNotWithdraw,
  withdraw,
} from '../../domain/merge/admit.js';
import { drainLane, openLane, pauseLane, unpauseLane } from '../../domain/merge/lane.js';
import { buildReported } from '../../domain/merge/reports.js';
import { queueView, whyView } from '../../domain/merge/views.js';
import { queueForgeEventSignal } from '../contract/forge-event.js';
import {
  mergeQueueBuildDoneSignal,
  mergeQueueEnqueueUpdate,
  mergeQueueEntriesQuery,
  mergeQueueOpenLaneUpdate,
  mergeQueuePauseLaneUpdate,
  mergeQueueReprioritiseUpdate,
  mergeQueueTickSignal,
  mergeQueueWhyQuery,
  mergeQueueWithdrawUpdate,
} from '../contract/merge-queue.js';
import { admittedSignal, holdSignal } from '../contract/messages.js';
import { refuse } from '../support/refuse.js';
import { heard } from './queue-events.js';
import type { QueueBox } from './queue-work.js';
import { refuseAdmission } from './refuse-admission.js';

const NO_REASON = { type: 'InvalidInput', message: 'holding a lane needs a reason' } as const;

/** Before the first await. Handlers change the state; the loop acts. */
export function handleMessages(box: QueueBox, onTick: () => void): void {
  handleSignals(box, onTick);
  handleEntryUpdates(box);
  handleLaneUpdates(box);
  setHandler(mergeQueueEntriesQuery, () => queueView(box.get(), Date.now()));
  setHandler(mergeQueueWhyQuery, (entryId) => whyView(box.get(), entryId, Date.now()));
}

function handleSignals(box: QueueBox, onTick: () => void): void {
  setHandler(holdSignal, ({ by, on }) => {
    const word = { by, reason: on ? 'everything is paused' : '' };
    const next = on
      ? pauseLane(box.get(), 'factory', word, Date.now())
      : unpauseLane(box.get(), ['factory'], word, Date.now());
    box.become(next);
  });
  // A queue asks for no slots; it only wants to hear of holds.
  setHandler(admittedSignal, () => undefined);
  setHandler(mergeQueueBuildDoneSignal, (report) => box.become(buildReported(box.get(), report, Date.now())));
  setHandler(queueForgeEventSignal, (event) => box.become(heard(box.get(), event, Date.now())));
  setHandler(mergeQueueTickSignal, onTick);
}

function handleEntryUpdates(box: QueueBox): void {
  setHandler(
    mergeQueueEnqueueUpdate,
    (entry) => {
      const known = admittedAs(box.get(), entry);
      if (known) return { kind: 'exists', ...known };
      const { seq } = box.get().next;
      box.become(admit(box.get(), entry, Date.now()));
      return { kind: 'accepted', entryId: entry.entryId, seq };
    },
    { validator: (entry) => refuseAdmission(whyNotAdmit(box.get(), entry)) },
  );
  setHandler(
    mergeQueueWithdrawUpdate,
    (command) => {
      box.become(withdraw(box.get(), command, Date.now()));
      return queueView(box.get(), Date.now());
    },
    { validator: (command) => refuse(whyNotWithdraw(box.get(), command.entryId)) },
  );
  setHandler(
    mergeQueueReprioritiseUpdate,
    (command) => {
      box.become(reprioritise(box.get(), command, Date.now()));
      return queueView(box.get(), Date.now());
    },
    { validator: ({ entryId, reason }) => refuse(whyNotReprioritise(box.get(), entryId, reason)) },
  );
}

function handleLaneUpdates(box: QueueBox): void {
  setHandler(
    mergeQueuePauseLaneUpdate,
    ({ mode, ...word }) => {
      const hold = mode === 'drain' ? drainLane(box.get(), word, Date.now()) : undefined;
      box.become(hold ?? pauseLane(box.get(), 'person', word, Date.now()));
      return queueView(box.get(), Date.now());
    },
    { validator: ({ reason }) => refuse(reason.trim() === '' ? NO_REASON : undefined) },
  );
  setHandler(mergeQueueOpenLaneUpdate, ({ by, reason }) => {
    box.become(openLane(box.get(), { by, reason: reason ?? '' }, Date.now()));
    return queueView(box.get(), Date.now());
  });
}
