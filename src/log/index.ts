/** The log: typed records in, one line each out, for people or for machines. Never a secret, never unbounded. */
export { LineTagger } from "./line-tagger.ts";
export {
  createLogger,
  type GuestLines,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type TappedRecord,
} from "./logger.ts";
export type {
  GuestFailure,
  ListeningRecord,
  LogRecord,
  NodeRecord,
  ProblemRecord,
  ReleaseRecord,
  RequestRecord,
  SiteLine,
  StoppingRecord,
} from "./record.ts";
export { sinkWriter, type Write } from "./sink-writer.ts";
export { wantsColour } from "./wants-colour.ts";
