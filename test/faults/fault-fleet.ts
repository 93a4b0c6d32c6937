import { link, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStream } from "@zipml/codec";
import type { Programs } from "./bundle.ts";
import type { Ask, DeviceReport, DeviceSettings, GatewayReport } from "./messages.ts";
import { type Child, freePort, startMosquittoProcess, startProgram, until } from "./processes.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";
import { allRows, rowsPerRun } from "./readings.ts";

/** Brokers that a fleet can run on. `mosquitto-disk` keeps sessions and retained messages over a clean restart. */
export type BrokerKind = "aedes" | "mosquitto" | "mosquitto-disk" | "embedded" | "embedded-disk";

/** How a fleet is made. */
export interface FleetOptions {
  readonly programs: Programs;
  readonly broker: BrokerKind;
  readonly seed: string;
  readonly devices: number;
  /** Puts a proxy between devices and broker. */
  readonly proxy?: boolean;
  readonly device?: Partial<DeviceSettings>;
  /** Seconds between trainings of the gateway; default 0, none. */
  readonly everySeconds?: number;
  readonly segmentBytes?: number;
  /** Newest rows that are trained on; default all. With a window the gateway deletes segments: see `directory`. */
  readonly window?: number;
  /** Parent folder; default the system's for temporary files. */
  readonly parent?: string;
}

/** What a fleet's processes have told, also those that are dead by now. */
export interface FleetCounts {
  resent: number;
  /** Duplicates that gateways took for such. */
  suppressed: number;
  deferred: number;
  refused: number;
  unusable: number;
  readonly errors: Record<string, number>;
}

/** What can be killed. */
export type Role = "device" | "gateway" | "broker";

/** One device over all its runs. */
interface DeviceSlot {
  readonly id: string;
  readonly folder: string;
  readonly ledger: string;
  hi: number;
  child: Child | undefined;
  last: DeviceReport | undefined;
}

/** A broker, a gateway and devices as processes of this machine, with their folders. */
export interface FaultFleet extends AsyncDisposable {
  readonly folder: string;
  /** The gateway's folder. */
  readonly directory: string;
  /** Every segment that the gateway's log ever had, in a folder like `directory`. */
  keptLog(): Promise<string>;
  readonly window: number;
  readonly proxy: TcpProxy | undefined;
  readonly kills: Record<Role, number>;
  readonly devices: readonly { readonly id: string; readonly folder: string; readonly ledger: string }[];
  readonly counts: FleetCounts;
  /** Processes that ended without being killed or asked to. */
  inspect(): readonly string[];
  readonly random: () => number;
  startGateway(): void;
  stopGateway(): Promise<void>;
  startDevice(index: number, settings?: Partial<DeviceSettings>): void;
  closeDevice(index: number): Promise<void>;
  /** Starts what the fleet is made of; the gateway only unless `gateway` is false. */
  start(options?: { readonly gateway?: boolean }): Promise<void>;
  /** kill −9 and start again at once, or after what is to be done between. */
  kill(role: Role, index?: number, between?: () => Promise<void>): Promise<void>;
  /** Waits until gateway and first device have ended by themselves; what each had to say. */
  refusals(): Promise<{ readonly gateway: string; readonly device: string }>;
  /** Ends the broker as an operator would, so that it can save what it saves, and starts it again. */
  restartBroker(): Promise<void>;
  device<Answer = DeviceReport>(index: number, what: Ask): Promise<Answer>;
  gateway<Answer = GatewayReport>(what: Ask, timeout?: number): Promise<Answer>;
  /** Asks everybody, for what a kill would take along. */
  sample(): Promise<void>;
  /** Ends the pushing and waits until no device has anything left. */
  drain(timeout: number): Promise<void>;
}

async function mosquittoConfiguration(folder: string, port: number, keeps: boolean): Promise<string> {
  const file = join(folder, "mosquitto.conf");
  const lines = [
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    "allow_anonymous true",
    "max_queued_messages 0",
    ...(keeps ? ["persistence true", `persistence_location ${folder}/`] : []),
    `listener ${port} 127.0.0.1`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

const isEmbedded = (kind: BrokerKind): boolean => kind.startsWith("embedded");

/** Makes a fleet; nothing runs yet. */
export async function createFaultFleet(options: FleetOptions): Promise<FaultFleet> {
  const folder = await mkdtemp(join(options.parent ?? tmpdir(), "zipml-faults-"));
  const port = await freePort();
  const configuration = await mosquittoConfiguration(folder, port, options.broker === "mosquitto-disk");
  const stream = createStream(`faults/network/${options.seed}`);
  const proxy = options.proxy === true ? await startProxy(port, () => stream.uniform()) : undefined;
  const slots: DeviceSlot[] = [];
  for (let i = 0; i < options.devices; i++) {
    const home = join(folder, `d${i}`);
    await mkdir(home);
    const [spool, ledger] = [join(home, "spool"), join(home, "ledger")];
    slots.push({ id: `d${i}`, folder: spool, ledger, hi: -1, child: undefined, last: undefined });
  }
  return new ProcessFleet(options, folder, port, configuration, proxy, slots, () => stream.uniform());
}

class ProcessFleet implements FaultFleet {
  readonly folder: string;
  readonly directory: string;
  readonly proxy: TcpProxy | undefined;
  readonly window: number;
  readonly kills = { device: 0, gateway: 0, broker: 0 };
  readonly counts: FleetCounts = { resent: 0, suppressed: 0, deferred: 0, refused: 0, unusable: 0, errors: {} };
  readonly #crashes: string[] = [];
  readonly random: () => number;
  readonly #options: FleetOptions;
  readonly #port: number;
  readonly #configuration: string;
  readonly #slots: readonly DeviceSlot[];
  #keeper: NodeJS.Timeout | undefined;
  #broker: Child | undefined;
  #gateway: Child | undefined;
  #gatewayLast: GatewayReport | undefined;

  constructor(
    options: FleetOptions,
    folder: string,
    port: number,
    configuration: string,
    proxy: TcpProxy | undefined,
    slots: readonly DeviceSlot[],
    random: () => number,
  ) {
    this.#options = options;
    this.folder = folder;
    this.directory = join(folder, "gateway");
    this.window = options.window ?? allRows;
    this.#port = port;
    this.#configuration = configuration;
    this.proxy = proxy;
    this.#slots = slots;
    this.random = random;
  }

  get devices(): FaultFleet["devices"] {
    return this.#slots;
  }

  async start({ gateway = true }: { readonly gateway?: boolean } = {}): Promise<void> {
    this.#startBroker();
    await this.#broker?.ready;
    if (gateway) this.startGateway();
    for (const [i] of this.#slots.entries()) this.startDevice(i);
    await Promise.all([this.#gateway?.ready, ...this.#slots.map(({ child }) => child?.ready)]);
  }

  startGateway(): void {
    const { broker, everySeconds = 0, segmentBytes = 65_536 } = this.#options;
    this.#keeper ??= setInterval(() => void this.#keep(), 50);
    const where = isEmbedded(broker)
      ? {
          broker: {
            port: this.#port,
            ...(broker === "embedded-disk" ? { directory: join(this.folder, "broker") } : {}),
          },
        }
      : { url: `mqtt://127.0.0.1:${this.#port}` };
    const settings = { directory: this.directory, everySeconds, segmentBytes, window: this.window, ...where };
    this.#gatewayLast = undefined;
    this.#gateway = startProgram("gateway", this.#options.programs.path("gateway-program"), settings);
  }

  async stopGateway(): Promise<void> {
    await this.#gateway?.ready;
    await this.#sampleGateway();
    await this.#gateway?.close();
    this.#gateway = undefined;
  }

  startDevice(index: number, settings: Partial<DeviceSettings> = {}): void {
    const slot = this.#slot(index);
    slot.hi += 1;
    slot.last = undefined;
    slot.child = startProgram(slot.id, this.#options.programs.path("device-program"), {
      id: slot.id,
      url: this.proxy?.url ?? `mqtt://127.0.0.1:${this.#port}`,
      // A proxy that reorders packets would mix up the topic aliases of MQTT 5.
      protocol: this.proxy !== undefined || isEmbedded(this.#options.broker) ? "3.1.1" : "auto",
      folder: slot.folder,
      ledger: slot.ledger,
      hi: slot.hi,
      burst: 4,
      pause: 30,
      rows: rowsPerRun,
      rowsPerFrame: 16,
      window: 8,
      resendAfter: 1000,
      ...this.#options.device,
      ...settings,
    } satisfies DeviceSettings);
  }

  async closeDevice(index: number): Promise<void> {
    const slot = this.#slot(index);
    await this.#sampleDevice(slot);
    await slot.child?.close();
    slot.child = undefined;
  }

  async kill(role: Role, index = 0, between: () => Promise<void> = async () => undefined): Promise<void> {
    const told = role === "broker" && isEmbedded(this.#options.broker) ? "gateway" : role;
    this.inspect();
    if (told === "device") {
      await this.#slot(index).child?.kill();
      await between();
      this.startDevice(index);
    } else if (told === "gateway") {
      await this.#gateway?.kill();
      await between();
      this.startGateway();
    } else {
      await this.#broker?.kill();
      await between();
      this.#startBroker();
    }
    this.kills[told] += 1;
  }

  async refusals(): Promise<{ readonly gateway: string; readonly device: string }> {
    const children = [this.#gateway, this.#slot(0).child];
    const texts = await Promise.all(
      children.map((child) =>
        (child?.ready ?? Promise.resolve()).then(
          () => "it runs",
          () => firstError(child?.errors() ?? ""),
        ),
      ),
    );
    await Promise.all(children.map((child) => child?.kill()));
    return { gateway: texts[0] ?? "", device: texts[1] ?? "" };
  }

  async restartBroker(): Promise<void> {
    await this.#broker?.ready;
    await this.#broker?.close();
    this.#startBroker();
  }

  async device<Answer = DeviceReport>(index: number, what: Ask): Promise<Answer> {
    const { child, id } = this.#slot(index);
    if (child === undefined) throw new Error(`${id} does not run`);
    await child.ready;
    return child.ask<Answer>(what);
  }

  async gateway<Answer = GatewayReport>(what: Ask, timeout?: number): Promise<Answer> {
    if (this.#gateway === undefined) throw new Error("the gateway does not run");
    await this.#gateway.ready;
    return this.#gateway.ask<Answer>(what, timeout);
  }

  async sample(): Promise<void> {
    await Promise.all([this.#sampleGateway(), ...this.#slots.map((slot) => this.#sampleDevice(slot))]);
  }

  async drain(timeout: number): Promise<void> {
    this.inspect();
    for (const [i] of this.#slots.entries()) await this.device(i, "stop");
    const isEmpty = async (): Promise<boolean> => {
      await this.sample();
      return this.#slots.every(({ last }) => last !== undefined && last.rows === 0 && last.frames === 0);
    };
    try {
      await until("all devices have their receipts", timeout, isEmpty);
    } catch (error) {
      const left = this.#slots.map(({ id, last }) => `${id}: ${JSON.stringify(last)}`).join("; ");
      throw new Error(
        `${error instanceof Error ? error.message : error}; ${left}; ${JSON.stringify(this.#gatewayLast)}`,
      );
    }
  }

  async keptLog(): Promise<string> {
    if (this.#options.window === undefined) return this.directory;
    await this.#keep();
    return join(this.folder, "kept");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keeper);
    await Promise.all(
      [...this.#slots.map(({ child }) => child), this.#gateway, this.#broker].map((child) => child?.kill()),
    );
    await this.proxy?.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** A second name for every segment, so that those that the gateway deletes can still be read. */
  async #keep(): Promise<void> {
    if (this.#options.window === undefined) return;
    const to = join(this.folder, "kept", "log");
    await mkdir(to, { recursive: true });
    const names = await readdir(join(this.directory, "log")).catch(() => []);
    for (const name of names) {
      const file = join(this.directory, "log", name);
      const inode = (await stat(file).catch(() => undefined))?.ino; // undefined: deleted meanwhile
      if (inode !== undefined) await link(file, join(to, `${name}.${inode}.log`)).catch(() => undefined); // kept already
    }
  }

  inspect(): readonly string[] {
    for (const child of [this.#gateway, this.#broker, ...this.#slots.map((slot) => slot.child)])
      if (child?.crashed !== undefined && !this.#crashes.includes(child.crashed)) this.#crashes.push(child.crashed);
    return this.#crashes;
  }

  #slot(index: number): DeviceSlot {
    const slot = this.#slots[index];
    if (slot === undefined) throw new RangeError(`there is no device ${index}`);
    return slot;
  }

  #startBroker(): void {
    const { broker } = this.#options;
    if (isEmbedded(broker)) return;
    this.#broker =
      broker === "aedes"
        ? startProgram("broker", this.#options.programs.path("broker-program"), { port: this.#port })
        : startMosquittoProcess(this.#configuration, this.#port);
  }

  async #sampleDevice(slot: DeviceSlot): Promise<void> {
    const { child, last } = slot;
    if (child === undefined) return;
    try {
      await child.ready;
      const report = await child.ask<DeviceReport>("report");
      if (slot.child !== child) return; // another one by now
      slot.last = report;
      this.counts.resent += report.resent - (last?.resent ?? 0);
      this.#addErrors(slot.id, report.errors, last?.errors);
    } catch {
      // Killed meanwhile, or not able to start: its standard error says why.
      if (!child.running && child.errors() !== "") this.#note(`${slot.id}: ${firstError(child.errors())}`);
    }
  }

  async #sampleGateway(): Promise<void> {
    const child = this.#gateway;
    const last = this.#gatewayLast;
    if (child === undefined) return;
    try {
      await child.ready;
      const report = await child.ask<GatewayReport>("report");
      if (this.#gateway !== child) return;
      this.#gatewayLast = report;
      this.counts.suppressed += report.duplicates - (last?.duplicates ?? 0);
      this.counts.deferred += report.deferred - (last?.deferred ?? 0);
      this.counts.refused += report.refused - (last?.refused ?? 0);
      this.counts.unusable += report.unusable - (last?.unusable ?? 0);
      this.#addErrors("gateway", report.errors, last?.errors);
    } catch {
      if (!child.running && child.errors() !== "") this.#note(`gateway: ${firstError(child.errors())}`);
    }
  }

  #addErrors(who: string, now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>> = {}): void {
    for (const [text, count] of Object.entries(now)) {
      const more = count - (before[text] ?? 0);
      if (more > 0) this.#note(`${who}: ${text}`, more);
    }
  }

  #note(text: string, count = 1): void {
    this.counts.errors[text] = (this.counts.errors[text] ?? 0) + count;
  }
}

/** The line of a stack that says what happened. */
function firstError(text: string): string {
  return text.split("\n").find((line) => /^[A-Z]\w*Error\b/.test(line)) ?? text.slice(0, 200);
}
