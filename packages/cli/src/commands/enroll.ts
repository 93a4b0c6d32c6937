import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { hashPassword, type NamedIdentity, parseIdentity } from "@zipml/gateway";
import { checkId } from "@zipml/protocol";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { passwordVariable } from "../connection-options.ts";
import { createAuthority, enrollClient, userLine } from "../enroll/authority.ts";
import { addUser } from "../enroll/users-file.ts";
import { CliError } from "../errors.ts";
import type { Io } from "../io.ts";
import {
  addFlags,
  defaulted,
  fileOption,
  namesOption,
  type OptionTable,
  type OptionValues,
  required,
  resolveOptions,
  textOption,
  wholeOption,
} from "../options.ts";

const dir = defaulted(fileOption("folder of the authority and all keys"), "pki");
const validity = wholeOption("N", "days that the certificate is valid", 1, 36_500);
const days = defaulted(validity, 730);
const group = defaulted(textOption("GROUP", "group that trains one model together"), "demo");

const initOptions = {
  dir,
  host: textOption("NAME", "name or address that devices reach the gateway by"),
  aliases: namesOption("A,B", "its other names and addresses; localhost and 127.0.0.1 are always there"),
  port: defaulted(wholeOption("PORT", "port of the gateway's broker", 1, 65_535), 8883),
  group,
  days: defaulted(validity, 3650),
} as const satisfies OptionTable;

const memberOptions = {
  dir,
  group,
  id: textOption("ID", "its id, unique in its group"),
  days,
} as const satisfies OptionTable;

const operatorOptions = { dir, id: textOption("ID", "name of the operator"), days } as const satisfies OptionTable;

const userNames = "GROUP.DEVICE, _gateway.GROUP.ID or _operator.ID";

const userOptions = {
  name: textOption("NAME", userNames),
  file: fileOption("users file that the line is added to (default: it is only printed)"),
} as const satisfies OptionTable;

const help = `
Makes what a broker with permissions needs, with nothing but this program: an authority of your own, certificates, and
configuration files that are ready to use. Nothing that is there is overwritten; all files are their owner's alone (0600).
Keep DIR/authority on the machine you enroll from: whoever has ca.key can be any device.

Example:
  zipml enroll init --dir pki --host gateway.local --group field
  zipml enroll device --dir pki --group field --id mote-1
  zipml gateway --config pki/gateway/gateway.yaml
  zipml device --config pki/clients/field.mote-1/device.yaml --data mote-1.csv`;

const initHelp = `
Example:
  zipml enroll init --dir pki --host gateway.local --group field
Then: zipml gateway --config pki/gateway/gateway.yaml`;

const deviceHelp = `
Example:
  zipml enroll device --dir pki --group field --id mote-1
Copy the folder pki/clients/field.mote-1 to the device, then: zipml device --config device.yaml --data FILE`;

const gatewayHelp = `
For a gateway at a broker elsewhere (zipml gateway --url); one with its own broker needs only init.

Example:
  zipml enroll gateway --dir pki --group field --id north`;

const operatorHelp = `
An operator may read everything and send nothing.

Example:
  zipml enroll operator --dir pki --id anna
Then: zipml tail --config pki/clients/_operator.anna/tail.yaml`;

const userHelp = `
The password comes from ${passwordVariable}; without it one is made and printed, this one time. The line holds an scrypt hash.

Example:
  zipml enroll user --name field.mote-1 --file users
  zipml gateway --users users --broker-cert cert.pem --broker-key key.pem --host 0.0.0.0`;

/** Prints a result: as JSON, or as one line. */
async function tell(command: Command, io: Io, facts: Readonly<Record<string, unknown>>, line: string): Promise<void> {
  const { json } = command.opts<{ json?: true }>();
  await io.out.write(`${json ? JSON.stringify(facts) : line}\n`);
}

async function init(values: OptionValues<typeof initOptions>, command: Command, io: Io): Promise<void> {
  const host = required("host", values.host);
  const gateway = await createAuthority({
    folder: values.dir,
    host,
    port: values.port,
    aliases: values.aliases ?? [],
    group: checkId("group", values.group),
    days: values.days,
  });
  const configuration = join(gateway, "gateway.yaml");
  const facts = { authority: join(values.dir, "authority"), gateway, configuration };
  await tell(
    command,
    io,
    facts,
    `authority in ${facts.authority}; start with: zipml gateway --config ${configuration}`,
  );
}

async function client(
  identity: NamedIdentity,
  values: { readonly dir: string; readonly days: number },
  command: Command,
  io: Io,
): Promise<void> {
  const folder = await enrollClient(values.dir, identity, values.days);
  const configuration = join(folder, `${identity.kind === "operator" ? "tail" : identity.kind}.yaml`);
  await tell(command, io, { ...identity, folder, configuration }, `${identity.kind} enrolled: see ${configuration}`);
}

async function user(values: OptionValues<typeof userOptions>, command: Command, io: Io): Promise<void> {
  const name = required("name", values.name);
  if (parseIdentity(name) === undefined)
    throw new CliError("option", `--name ${JSON.stringify(name)} must be ${userNames}`);
  const given = process.env[passwordVariable];
  const password = given ?? randomBytes(24).toString("base64url");
  const entry = { name, passwordHash: await hashPassword(password) };
  if (values.file !== undefined) await addUser(values.file, entry);
  const line = userLine(entry);
  const made = given === undefined ? { password } : {};
  const text = values.file === undefined ? line : `${name} added to ${values.file}`;
  await tell(command, io, { name, line, ...made }, given === undefined ? `${text}\npassword: ${password}` : text);
}

function add<S extends OptionTable>(
  parent: Command,
  io: Io,
  { name, summary, table, help }: { name: string; summary: string; table: S; help: string },
  act: (values: OptionValues<S>, command: Command, io: Io) => Promise<void>,
): void {
  const command = parent.command(name).description(summary).allowExcessArguments(false);
  addFlags(command, table);
  command
    .option("--json", "print one JSON object about what was made")
    .addHelpText("after", help)
    .action(() => act(resolveOptions(command, table).values, command, io));
}

/** `zipml enroll`: an authority, certificates, and lines of a users file. */
export const enrollCommand: CommandModule = {
  define: (command, io) => {
    command.addHelpText("after", help);
    const summary = "make an authority and the gateway's certificate and configuration file";
    add(command, io, { name: "init", summary, table: initOptions, help: initHelp }, init);
    for (const kind of ["device", "gateway"] as const) {
      const member = {
        name: kind,
        summary: `make the certificate and configuration file of a ${kind}`,
        table: memberOptions,
      };
      add(command, io, { ...member, help: kind === "device" ? deviceHelp : gatewayHelp }, (values, own) => {
        const id = checkId(kind, required("id", values.id));
        return client({ kind, group: checkId("group", values.group), id }, values, own, io);
      });
    }
    const operator = {
      name: "operator",
      summary: "make the certificate of somebody who reads",
      table: operatorOptions,
    };
    add(command, io, { ...operator, help: operatorHelp }, (values, own) =>
      client({ kind: "operator", id: checkId("operator", required("id", values.id)) }, values, own, io),
    );
    add(
      command,
      io,
      { name: "user", summary: "make a line of a users file", table: userOptions, help: userHelp },
      user,
    );
  },
};
