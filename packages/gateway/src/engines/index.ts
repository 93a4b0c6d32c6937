export { type Float32EngineOptions, float32Engine } from "./float32-engine.ts";
export { type HogwildEngineOptions, hogwildEngine } from "./hogwild-engine.ts";
export { type PackedEngineOptions, packedEngine } from "./packed-engine.ts";
