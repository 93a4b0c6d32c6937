#!/usr/bin/env node
import { once } from "node:events";
import type { Output } from "./io.ts";
import { run } from "./run.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(new Error(name)));

/** A standard stream as an output that waits when its reader is slow, and ends the command when its reader left. */
function outputOf(stream: NodeJS.WriteStream): Output {
  let gone = false;
  stream.on("error", () => {
    gone = true;
    stop.abort(new Error("the reader left"));
  });
  return {
    isTerminal: stream.isTTY === true,
    write: async (text) => {
      if (gone || text === "" || stream.write(text)) return;
      // "error" rejects: the listener above has noted it, and there is nothing left to wait for.
      await once(stream, "drain").catch(() => undefined);
    },
  };
}

const io = { out: outputOf(process.stdout), err: outputOf(process.stderr), signal: stop.signal };
process.exitCode = await run(process.argv.slice(2), io);
