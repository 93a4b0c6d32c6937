import { z } from "zod";
import { defaulted, fileOption, type OptionSpec, type OptionTable, textOption, wordOption } from "./options.ts";

/** Environment variable that holds the broker's password: a flag would show in the list of processes. */
export const passwordVariable = "ZIPML_PASSWORD";

/** An option that is there or not. */
export function switchOption(help: string): OptionSpec<boolean> {
  return {
    placeholder: undefined,
    help,
    expects: "true or false",
    schema: z.boolean(),
    read: (text) => text === "true",
  };
}

/** How to reach a broker, for every command that connects to one. */
export const connectionOptions = {
  url: defaulted(textOption("URL", "broker: mqtt://, mqtts://, ws:// or wss://"), "mqtt://127.0.0.1:1883"),
  protocol: defaulted(wordOption(["auto", "3.1.1", "5"], "MQTT version; auto asks for 5 first"), "auto"),
  username: textOption("NAME", `user at the broker; the password comes from ${passwordVariable}`),
  ca: fileOption("PEM file of the authorities to trust, in place of the system's"),
  cert: fileOption("PEM file of our certificate, for brokers that ask for one"),
  key: fileOption("PEM file of our key"),
  "allow-plaintext": switchOption("let mqtt:// and ws:// leave this machine"),
  prefix: textOption("TOPIC", "prefix of all topics (default zipml/1)"),
} as const satisfies OptionTable;
