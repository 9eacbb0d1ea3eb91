/** What comes in is written down before it is answered; what goes out is desired state. */
export {
  createInbox,
  type Delivery,
  type Inbox,
  type InboxBook,
  type InboxCounts,
  type InboxParts,
} from './inbox.ts';
export { bodyWithin, headerOf, objectIn, tellRarely } from './incoming.ts';
export { type Budget, importanceNamed, type WaitingWrite } from './next-write.ts';
export {
  createOutbox,
  Gone,
  type KeptWrite,
  Later,
  type Outbox,
  type OutboxBook,
  Refused,
  type Write,
} from './outbox.ts';
export { pauseMs } from './pause.ts';
