import { engineLayouts } from "@zipml/gateway/fpga";
import { isPlatformFile } from "../fpga/platform-file.ts";
import { type OptionTable, textOption, wholeOption, wordOption } from "../options.ts";

/** The emulated card: options of `zipml train` that go with the engine fpga. */
export const fpgaOptions = {
  platform: {
    ...textOption(
      "NAME|FILE",
      "with --engine fpga: card that is modelled, harp-v1, arria10-harp-v2 or a YAML file with its figures (default harp-v1)",
    ),
    isPath: isPlatformFile,
  },
  layout: wordOption(
    engineLayouts,
    "with --engine fpga: how rows lie in its memory, two draws or one code a feature, raw float32 or bit planes (default pairs, code with --estimator symmetric or naive, float32 with --scheme none)",
  ),
  planes: wholeOption("N", "with --layout weave: bit planes that are read, 1 to 31 (default 8)", 1, 31),
} as const satisfies OptionTable;
