import type { AnswerMessage, Ask, AskMessage } from "./messages.ts";

/** The settings that the parent gave on the command line. */
export function settingsOf<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? "{}") as Settings;
}

/** Text of whatever was thrown. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? `${String(error.code)}: ` : "";
  return `${code}${error.message}`;
}

/** Counts errors by their text, numbers left out. */
export function createErrorCounts(): { readonly counts: Record<string, number>; add(error: unknown): void } {
  const counts: Record<string, number> = {};
  return {
    counts,
    add: (error) => {
      const text = describe(error).replaceAll(/\d+/g, "N").slice(0, 160);
      counts[text] = (counts[text] ?? 0) + 1;
    },
  };
}

/**
 * Answers the parent until `close` was answered. Without a parent the process ends, as nobody would end it.
 *
 * @param answers What to do when asked.
 */
export function serveParent(answers: Partial<Record<Ask, () => unknown>>): void {
  const orphaned = (): void => {
    process.kill(process.pid, "SIGKILL");
  };
  process.once("disconnect", orphaned);
  process.on("message", (message: AskMessage) => {
    const reply = (answer: AnswerMessage): void => {
      process.send?.(answer, undefined, undefined, () => {
        if (message.ask !== "close") return;
        process.off("disconnect", orphaned);
        process.disconnect();
      });
    };
    Promise.resolve()
      .then(() => {
        const answer = answers[message.ask];
        if (answer === undefined) throw new Error(`${message.ask} is not understood here`);
        return answer();
      })
      .then(
        (answer) => reply({ id: message.id, answer }),
        (error: unknown) => reply({ id: message.id, error: describe(error) }),
      );
  });
}
