import { parseCell } from "@zipml/gateway/data";
import { z } from "zod";
import { type DefaultedSpec, defaulted, wordOption } from "../options.ts";

/** The first step of SGD. */
export const stepOption: DefaultedSpec<"auto" | number> = defaulted(
  {
    placeholder: "auto|NUMBER",
    help: "first step, in standardised units; auto takes it from the data",
    expects: "auto or a number above 0",
    schema: z.union([z.literal("auto"), z.number().positive()]),
    read: (text: string) => (text === "auto" ? text : parseCell(text)),
  },
  "auto",
);

/** How the step changes. */
export const scheduleOption: DefaultedSpec<"inverse" | "constant"> = defaulted(
  wordOption(["inverse", "constant"], "how the step changes: divided by the epoch, or not"),
  "inverse",
);
