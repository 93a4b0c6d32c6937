import type { GatewayEvent, NewLevels } from "@zipml/gateway";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { readConfig } from "../config/read-config.ts";
import { describeError } from "../describe-error.ts";
import { saveModel } from "../files/model-file.ts";
import { gatewayOptions } from "../gateway/options.ts";
import { serve } from "../gateway/serve.ts";
import type { Io } from "../io.ts";
import { addFlags, resolveOptions } from "../options.ts";
import { digits } from "../train/show-report.ts";

const help = `
Without --url the embedded broker starts on this machine. The gateway takes in the frames of one group, trains whenever
--every-rows or --every-seconds says so, and publishes each model to the group. It runs until it is interrupted. With
--json every event is one JSON line.

Example:
  zipml gateway --group field --every-rows 5000 --save model.json --directory field-log
  zipml gateway --group field --url mqtts://broker.example --ca ca.pem --username gateway

With --lags L every feature also gets its readings of the L rows before, as temperature@-1 to temperature@-L, and a
target among --features enters by these only. They reach back over the frames of one session that follow each other under
one grid. Devices predict from the rows that they pushed last.

--loss ls-svm, logistic and hinge tell two classes apart: the target's channel has two values, both levels of its grid, as
the ends of its range are. Devices predict the class. logistic and hinge are trained on features of one draw, as devices
send with --samples 1 --bits 8, or with --degree D on D + 1 draws.

With --living a training goes on from the model before: new reads each row in one training, all reads all rows held. Steps
of --schedule inverse then fall on, so that all rows count alike; constant follows what changes. The loss before tells how
the model before stood on the rows of a training: it rises where what they show has moved.

With --metrics-port the counters that status shows are served to Prometheus at http://127.0.0.1:PORT/metrics. There is no
access control: --metrics-host lets others read them.

With --follow-levels the grid of the group follows what devices measure: they count their readings, and when other levels
would have less variance by --levels-share, a new grid is published, every --levels-every seconds at most.

Beyond this machine the embedded broker wants --broker-ca or --users, from zipml enroll. It reads certificates and users
again upon SIGHUP.`;

const rangesOf = (ranges: readonly (readonly [from: number, to: number])[]): string =>
  ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(", ");

const gainOf = ({ channel, presentVariance, newVariance }: NewLevels): string =>
  `${channel} ${newVariance > 0 ? `${digits(presentVariance / newVariance)} times less` : "no"} variance`;

/** An event for people; undefined for those that come with every frame. */
function lineOf(event: GatewayEvent): string | undefined {
  switch (event.type) {
    case "online":
      return `connected, ${event.protocol}`;
    case "offline":
      return `no connection: ${event.reason}`;
    case "birth":
      return `${event.device} is there, session ${event.session}`;
    case "death":
      return `${event.device} has left (${event.reason})`;
    case "task":
      return `training ${event.task.target.name} from ${event.task.features.map(({ name }) => name).join(", ")}`;
    case "refused":
      return `refused from ${event.device ?? "somebody"}: ${event.reason}`;
    case "unusable":
      return `${event.device} can't be used: ${event.reason}`;
    case "reported":
      return `${event.device} ${event.reason === undefined ? "applies" : `refuses (${event.reason})`} configuration ${event.version}`;
    case "gap":
      return `${event.device} lacks ${event.missing} frames of session ${event.session}, asked for since ${Math.round(event.age / 1000)} s`;
    case "forgotten":
      return `${event.device}: session ${event.session} gave way to newer ones and is forgotten`;
    case "log":
      return event.failing === undefined
        ? "the log takes frames again"
        : `the log takes no frames, and no receipts go out: ${event.failing}`;
    case "damage":
      return `the log is ${event.reason} in ${event.file}: ${event.bytes} bytes at ${event.offset} were not read`;
    case "lost":
      return `${event.device}: frames of session ${event.session} were lost with the log: ${rangesOf(event.ranges)}`;
    case "trained": {
      const { intercept, weights } = event.model;
      const terms = Object.entries(weights).map(([name, weight]) => `${digits(weight)}·${name}`);
      const { version, seconds, model, short, epochs, before } = event.model;
      const left = short > 0 ? ` (${short} more lack the rows before)` : "";
      const what = model.classes === undefined ? "" : `${model.classes.positive} where 0 <= `;
      const loss = `loss ${digits(epochs.at(-1)?.loss ?? null)}${before === undefined ? "" : `, before ${digits(before)}`}`;
      return `model ${version} from ${model.rows} rows${left} in ${seconds.toFixed(1)} s, ${loss}: ${what}${digits(intercept)} + ${terms.join(" + ")}`;
    }
    case "levels":
      return `grid ${event.epoch} for where the readings are now: ${event.channels.map(gainOf).join(", ")}`;
    case "error":
      return `error: ${describeError(event.error) ?? String(event.error)}`;
    case "stored":
      return undefined;
  }
}

/** An event as JSON: errors by their message, models by what a reader needs. */
function jsonOf(event: GatewayEvent): string {
  if (event.type === "trained") {
    const { version, hash, model, epochs, before, intercept, weights, warnings, short, seconds } = event.model;
    return JSON.stringify({
      type: event.type,
      version,
      hash,
      rows: model.rows,
      short,
      ...(model.classes === undefined ? {} : { classes: model.classes }),
      ...(model.epochs === undefined ? {} : { passes: model.epochs }),
      loss: epochs.at(-1)?.loss,
      before,
      seconds,
      intercept,
      weights,
      warnings,
    });
  }
  if (event.type === "error" || event.type === "refused") {
    const { error, ...rest } = event;
    return JSON.stringify({ ...rest, error: error instanceof Error ? error.message : String(error) });
  }
  return JSON.stringify(event);
}

async function act(command: Command, io: Io): Promise<void> {
  const { config, json } = command.opts<{ config?: string; json?: true }>();
  const section = config === undefined ? {} : await readConfig(config, "gateway");
  const { values } = resolveOptions(command, gatewayOptions, section);
  const say = (line: string): Promise<void> => io.out.write(`${line}\n`);
  await serve(
    values,
    async ({ broker, group }, metricsUrl) => {
      const where = { url: broker?.url ?? values.url, websocketUrl: broker?.websocketUrl, metricsUrl };
      await say(json ? JSON.stringify({ type: "listening", group, ...where }) : `group ${group} at ${where.url}`);
      if (!json && metricsUrl !== undefined) await say(`counters at ${metricsUrl}`);
    },
    async (event) => {
      const line = json ? jsonOf(event) : lineOf(event);
      if (line !== undefined) await say(line);
      if (event.type !== "trained") return;
      for (const warning of event.model.warnings) await io.err.write(`zipml gateway: warning: ${warning}\n`);
      if (values.save !== undefined) await saveModel(values.save, event.model.model);
    },
    (line) => io.err.write(`zipml gateway: ${line}\n`),
    io.signal,
  );
}

/** `zipml gateway`: ingest, training and publication until interrupted. */
export const gatewayCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, gatewayOptions);
    command
      .option("--config <FILE>", "YAML file with these options under gateway:; flags win")
      .option("--json", "print one JSON line an event")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
