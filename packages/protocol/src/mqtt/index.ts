export type { MqttOptions, TlsOptions } from "./options.ts";
export { mqtt } from "./transport.ts";
