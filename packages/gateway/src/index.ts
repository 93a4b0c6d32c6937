export { type BrokerReload, type EmbeddedBroker, startBroker } from "./broker/broker.ts";
export { identityName, type NamedIdentity, parseIdentity } from "./broker/identity.ts";
export {
  type BrokerLimits,
  type BrokerOptions,
  type BrokerSurroundings,
  type BrokerTls,
  type BrokerUser,
  defaultBrokerLimits,
} from "./broker/options.ts";
export { hashPassword, type PasswordCost } from "./broker/password.ts";
export type { BrokerRefusal, BrokerStatus } from "./broker/status.ts";
export type { DesiredConfiguration, ThinOptions } from "./configurator.ts";
export { GatewayError, type GatewayErrorCode } from "./errors.ts";
export { createGateway, type Gateway } from "./gateway.ts";
export type { TaskChoice } from "./ingest/columns.ts";
export type { ControlCounts } from "./ingest/control.ts";
export type { IngestCounts } from "./ingest/ingest-counts.ts";
export type { ReceiptOptions } from "./ingest/receipts.ts";
export type { RegistryLimits } from "./ingest/registry.ts";
export type { TrainedModel } from "./learner.ts";
export type { LevelsOptions, LevelsStatus, NewLevels } from "./levels/options.ts";
export { LogError, type LogErrorCode } from "./log/errors.ts";
export type { LogStatus } from "./log/journal.ts";
export type { Damage } from "./log/segment.ts";
export type { LogOptions } from "./log/writer.ts";
export type { GatewayOptions, TrainingOptions } from "./options.ts";
export type { DeviceSummary, GatewayEvent, GatewayStatus, TrainingStatus } from "./status.ts";
