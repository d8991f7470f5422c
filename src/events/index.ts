/** What happens on a node, told to whoever listens: a hub in memory, bounded, one stream a site. */
export { type EventCount, EventHub, type EventListener, type EventSelection } from "./event-hub.ts";
export { eventsFromLog } from "./events-from-log.ts";
export type {
  BreakerEvent,
  CanaryEndedEvent,
  CanaryStartedEvent,
  CommittedEvent,
  GuestFailedEvent,
  NodeEvent,
  NodeEventBody,
  RefusedEvent,
  ReloadedEvent,
  RolledBackEvent,
  StagedEvent,
} from "./node-event.ts";
