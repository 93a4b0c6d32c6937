import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileError } from "@zipml/gateway/data";
import type { LinearModel } from "@zipml/gateway/train";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { writeFileWhole } from "./write-file.ts";

const finite = z.number();

/** The order of the fields is the order in which they are hashed. */
const modelSchema = z.strictObject({
  features: z
    .array(
      z.strictObject({ name: z.string().min(1), unit: z.string(), mean: finite, deviation: finite, weight: finite }),
    )
    .min(1),
  target: z.strictObject({ name: z.string().min(1), unit: z.string(), mean: finite, deviation: finite }),
  rows: z.int().min(0),
  estimator: z.enum(["naive", "double", "symmetric", "polynomial", "refetch", "full"]),
  solver: z.enum(["sgd", "closed-form"]),
  epochs: z.int().min(1).exactOptional(),
  classes: z
    .strictObject({ loss: z.enum(["ls-svm", "logistic", "hinge"]), negative: finite, positive: finite })
    .exactOptional(),
});

const fileSchema = z.strictObject({
  zipml: z.literal("model"),
  version: z.literal(1),
  hash: z.string(),
  model: modelSchema,
});

/** The model with its fields in the schema's order and no others. */
function inOrder(model: LinearModel): z.infer<typeof modelSchema> {
  const { features, target, rows, estimator, solver, epochs, classes } = model;
  return {
    features: features.map(({ name, unit, mean, deviation, weight }) => ({ name, unit, mean, deviation, weight })),
    target: { name: target.name, unit: target.unit, mean: target.mean, deviation: target.deviation },
    rows,
    estimator,
    solver,
    ...(epochs === undefined ? {} : { epochs }),
    ...(classes === undefined
      ? {}
      : { classes: { loss: classes.loss, negative: classes.negative, positive: classes.positive } }),
  };
}

/**
 * The hash of a model: SHA-256 of its JSON without blanks, fields in a fixed order.
 *
 * @param model The model.
 * @returns `sha256:` and 64 hexadecimal digits.
 */
export function modelHash(model: LinearModel): string {
  return `sha256:${createHash("sha256")
    .update(JSON.stringify(inOrder(model)))
    .digest("hex")}`;
}

/**
 * Saves a model as JSON, whole or not at all:
 * `{ "zipml": "model", "version": 1, "hash": "sha256:…", "model": { features, target, rows, estimator, solver, epochs?, classes? } }`.
 * The weights are standardised: prediction = target.mean + target.deviation·Σ weight·(value − mean)/deviation; with
 * `classes`, { loss, negative, positive }, that is a decision value: the label `positive` from 0 on, else `negative`.
 *
 * @param file Path of the file.
 * @param model The model, in full precision.
 * @throws {@link CliError} `file`.
 */
export async function saveModel(file: string, model: LinearModel): Promise<void> {
  const content = { zipml: "model", version: 1, hash: modelHash(model), model: inOrder(model) };
  await writeFileWhole(file, [`${JSON.stringify(content, null, 2)}\n`]);
}

/**
 * Reads a model that {@link saveModel} wrote.
 *
 * @param file Path of the file.
 * @throws DataError `file`, or {@link CliError} `model`: no JSON, another shape or version, or a hash that does not fit.
 */
export async function loadModel(file: string): Promise<LinearModel> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new CliError("model", `${file}: is no saved model: not JSON`, cause);
  }
  const checked = fileSchema.safeParse(data);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const place = issue?.path.join(".") || "the file";
    throw new CliError("model", `${file}: is no saved model of version 1: ${place}: ${issue?.message}`);
  }
  const { model, hash } = checked.data;
  if (hash !== modelHash(model))
    throw new CliError("model", `${file}: the hash does not fit the model: the file was changed`);
  return model;
}
