import { runBenchCommand } from "./bench-command.ts";

const outputOf = (stream: NodeJS.WriteStream) => ({
  isTerminal: stream.isTTY === true,
  write: (text: string) => {
    stream.write(text);
  },
});

process.exitCode = await runBenchCommand(process.argv.slice(2), {
  out: outputOf(process.stdout),
  err: outputOf(process.stderr),
  environment: process.env,
});
