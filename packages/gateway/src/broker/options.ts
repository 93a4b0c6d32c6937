/** Certificates of the embedded broker, each as PEM text or bytes. */
export interface BrokerTls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Authorities whose client certificates are asked for and required. */
  readonly ca?: string | Uint8Array;
}

/** Options of the embedded broker (aedes, MQTT 3.1.1). */
export interface BrokerOptions {
  /** Port for MQTT; 0 takes a free one. Default 1883, with `tls` 8883. */
  readonly port?: number;
  /** Port for MQTT over WebSocket; 0 takes a free one. Default none. */
  readonly websocketPort?: number;
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  readonly host?: string;
  /** Turns `mqtt` into `mqtts` and `ws` into `wss`. */
  readonly tls?: BrokerTls;
  /** Lets a broker without `tls` listen beyond this machine. Default false. */
  readonly allowPlaintext?: boolean;
}
