/** What a user of the package needs to decide in process. The library's only re-export. */
export { type Config, defaultConfig, readConfig } from './config.ts';
export type { AllowedAsk } from './decide/allowed.ts';
export type { Ask, Caller } from './decide/ask.ts';
export type { Decider, IssuerStatus, ReloadProblem, ReloadReport } from './decide/decider.ts';
export type { Allowed, Opened } from './decision/allowed.ts';
export type { Challenge } from './decision/challenge.ts';
export type {
  Advice,
  Allow,
  Decision,
  Deny,
  Indeterminate,
  Principal,
  WaiverUse,
} from './decision/decision.ts';
export type { ExplainedCheck, Explanation } from './decision/explanation.ts';
export type { CallSource } from './decision/facts.ts';
export type { Evidence, Reason } from './decision/reason.ts';
export { REASONS, type ReasonCode, type ReasonEntry, type Wire } from './decision/reasons.ts';
export type { Json, JsonObject } from './json/value.ts';
export { createIssuerFetch, type IssuerFetch } from './network/issuer-fetch.ts';
export type { DecisionEvent, Entry } from './record/entry.ts';
export { createMetrics, type Metrics } from './record/metrics.ts';
export { createRecorder, type Recorder, type RecorderParts } from './record/write.ts';
export type { Problem } from './registry/registry.ts';
export {
  createService,
  type Log,
  type Service,
  type ServiceParts,
  type Sources,
  type StartedService,
} from './service.ts';
export { type FileSources, fileSources } from './sources.ts';
