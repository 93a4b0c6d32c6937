import { crc32, inflateSync } from "node:zlib";
import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { fillNormal, fillUniform } from "../src/reproduce/sets/random-values.ts";
import { psnr, ssim } from "../src/reproduce/tomography/image-quality.ts";
import { type Ellipse, lineIntegral, rasterise, sheppLogan } from "../src/reproduce/tomography/phantom.ts";
import { greyPng, platesSvg } from "../src/reproduce/tomography/picture.ts";
import { angleOf, backProject, createProjector, offsetOf, project } from "../src/reproduce/tomography/projector.ts";
import { reconstruct } from "../src/reproduce/tomography/reconstruct.ts";
import { encodeSystem } from "../src/reproduce/tomography/system.ts";

const geometry = { size: 24, angles: 30, beams: 32 };
const projector = createProjector(geometry);

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

function normals(length: number, name: string): Float64Array {
  const values = new Float64Array(length);
  fillNormal(values, createStream(name));
  return values;
}

/** Line integrals of an object along the projector's beams, in closed form. */
function measure(
  ellipses: readonly Ellipse[],
  { beams, rows } = { beams: geometry.beams, rows: projector.rows },
): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) =>
    lineIntegral(ellipses, angleOf(geometry, Math.floor(r / beams)), offsetOf(geometry, r % beams)),
  );
}

describe("lineIntegral", () => {
  it("of a disc is its chord, and of a turned ellipse what points along the line add up to", () => {
    const disc = { density: 2, a: 0.5, b: 0.5, x: 0.1, y: -0.2, turn: 30 };
    expect(lineIntegral([disc], 0, 0.1)).toBeCloseTo(2 * 2 * 0.5, 12);
    expect(lineIntegral([disc], Math.PI / 2, -0.2 + 0.3)).toBeCloseTo(2 * 2 * 0.4, 12);
    expect(lineIntegral([disc], 0, 0.61)).toBe(0);
    const tilted = { density: 1, a: 0.2, b: 0.6, x: 0.15, y: 0.1, turn: -18 };
    const [angle, offset, step] = [1.1, 0.2, 1e-4];
    const turn = (tilted.turn * Math.PI) / 180;
    let sum = 0;
    for (let t = -2; t < 2; t += step) {
      const x = offset * Math.cos(angle) - t * Math.sin(angle) - tilted.x;
      const y = offset * Math.sin(angle) + t * Math.cos(angle) - tilted.y;
      const u = (x * Math.cos(turn) + y * Math.sin(turn)) / tilted.a;
      const v = (-x * Math.sin(turn) + y * Math.cos(turn)) / tilted.b;
      if (u * u + v * v <= 1) sum += step;
    }
    expect(sum).toBeGreaterThan(0.1);
    expect(lineIntegral([tilted], angle, offset)).toBeCloseTo(sum, 3);
  });
});

describe("createProjector", () => {
  it("crosses the square at its chord's length, pixel by pixel at most its diagonal", () => {
    const chords = project(projector, new Float64Array(geometry.size ** 2).fill(1));
    for (let r = 0; r < projector.rows; r++) {
      const angle = angleOf(geometry, Math.floor(r / geometry.beams));
      const offset = offsetOf(geometry, r % geometry.beams);
      // A square is where two strips meet: |x| ≤ 1 and |y| ≤ 1 along the line.
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const strip = (place: number, slope: number): [number, number] =>
        Math.abs(slope) < 1e-12
          ? [-9, 9]
          : ([(-1 - place) / slope, (1 - place) / slope].sort((a, b) => a - b) as [number, number]);
      const [x, y] = [strip(offset * c, -s), strip(offset * s, c)];
      const chord = Math.max(0, Math.min(x[1], y[1]) - Math.max(x[0], y[0]));
      expect(chords[r]).toBeCloseTo(chord, 9);
    }
    const most = projector.lengths.reduce((a, b) => Math.max(a, b), 0);
    expect(most).toBeLessThanOrEqual((2 / geometry.size) * Math.SQRT2 * (1 + 1e-12));
    expect(projector.lengths.every((length) => length > 0)).toBe(true);
  });

  it("agrees with its adjoint: ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩", () => {
    const [x, y] = [normals(geometry.size ** 2, "x"), normals(projector.rows, "y")];
    const left = dot(project(projector, x), y);
    expect(Math.abs(left)).toBeGreaterThan(0.1);
    expect(dot(x, backProject(projector, y))).toBeCloseTo(left, 9);
  });

  it("projects an ellipse's image as the closed form does, the closer the finer; a mirrored one not", () => {
    const object = { density: 1, a: 0.4, b: 0.7, x: 0.2, y: -0.1, turn: 25 };
    const errorOf = (size: number, of: Ellipse): number => {
      const fine = createProjector({ ...geometry, size });
      const image = project(fine, rasterise([object], size));
      const truth = measure([of]);
      return Math.sqrt(image.reduce((sum, v, r) => sum + (v - (truth[r] as number)) ** 2, 0) / dot(truth, truth));
    };
    const [coarse, fine] = [errorOf(24, object), errorOf(48, object)];
    expect(coarse).toBeLessThan(0.06);
    expect(fine).toBeLessThan(coarse / 1.3);
    expect(errorOf(24, { ...object, y: 0.1, turn: -25 })).toBeGreaterThan(0.2);
  });
});

describe("rasterise", () => {
  it("gives Shepp and Logan's head: 0 outside, the skull 1, the ventricles about 0, its mass that of the ellipses", () => {
    const size = 64;
    const image = rasterise(sheppLogan, size);
    expect(image[0]).toBe(0);
    expect(image[Math.floor((1 - 0.9) * 32) * size + 32]).toBeCloseTo(1, 1);
    const at = (x: number, y: number) =>
      image[Math.floor(((1 - y) / 2) * size) * size + Math.floor(((x + 1) / 2) * size)];
    expect(at(0.22, 0)).toBeCloseTo(0, 9);
    expect(at(0, 0.35)).toBeCloseTo(0.3, 9);
    const mass = (image.reduce((sum, v) => sum + v, 0) * 4) / size ** 2;
    const exact = sheppLogan.reduce((sum, { density, a, b }) => sum + density * Math.PI * a * b, 0);
    expect(mass).toBeCloseTo(exact, 2);
  });
});

describe("psnr and ssim", () => {
  it("are as worked out by hand", () => {
    const truth = Float64Array.of(0, 0.5, 1, 0.25);
    expect(
      psnr(
        truth.map((v) => v + 0.1),
        truth,
      ),
    ).toBeCloseTo(20, 9);
    expect(psnr(truth, truth)).toBe(Number.POSITIVE_INFINITY);
    const [a, b] = [Float64Array.of(0, 1, 0, 1), Float64Array.of(0, 0, 1, 1)];
    // Means ½, variances ¼, covariance 0.
    expect(ssim(a, b, 2, 2)).toBeCloseTo(0.0009 / 0.5009, 12);
    // Constant images: (2·0.2·0.4 + c₁) / (0.04 + 0.16 + c₁).
    const constant = (v: number) => new Float64Array(9).fill(v);
    expect(ssim(constant(0.2), constant(0.4), 3, 2)).toBeCloseTo(0.1601 / 0.2001, 9);
    expect(ssim(a, a, 2, 2)).toBeCloseTo(1, 12);
  });
});

describe("encodeSystem", () => {
  const measured = measure(sheppLogan);

  it("reads lengths and their squares without bias; without d the squares are too large", () => {
    const runs = 120;
    const part = { ...projector, offsets: projector.offsets.slice(0, 17), rows: 16 };
    const crossings = part.offsets[16] as number;
    const small = { ...part, lengths: projector.lengths.slice(0, crossings) };
    const [firsts, squares, raw] = [[] as number[], [] as number[], [] as number[]];
    for (let run = 0; run < runs; run++) {
      const { lengths, spreads } = encodeSystem(small, measured, { bits: 3, samples: 2 }, run);
      let [first, square, bare] = [0, 0, 0];
      for (let k = 0; k < crossings; k++) {
        const [m, exact] = [lengths[k] as number, small.lengths[k] as number];
        first += m - exact;
        bare += m * m - exact * exact;
        square += m * m - (spreads?.[k] ?? 0) - exact * exact;
      }
      firsts.push(first);
      squares.push(square);
      raw.push(bare);
    }
    /** Mean over its standard error; 5 of them bound what chance does. */
    const score = (values: readonly number[]): number => {
      const mean = values.reduce((sum, v) => sum + v, 0) / runs;
      return mean / Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (runs - 1) / runs);
    };
    expect(Math.abs(score(firsts))).toBeLessThan(5);
    expect(Math.abs(score(squares))).toBeLessThan(5);
    expect(score(raw)).toBeGreaterThan(5);
  });

  it("counts its bytes", () => {
    const crossings = projector.lengths.length;
    const bytesOf = (bits: number) => encodeSystem(projector, measured, { bits, samples: 2 }, 1).bytes;
    expect(bytesOf(0)).toBe(4 * (crossings + measured.length));
    expect(bytesOf(5)).toBe(Math.ceil((5 * crossings) / 8) + measured.length);
  });
});

describe("reconstruct", () => {
  const measured = measure(sheppLogan);
  const truth = rasterise(sheppLogan, geometry.size);
  const options = { epochs: 8, step: 1, seed: 1 };
  const run = (bits: number, seed: number | string = 1) =>
    reconstruct(encodeSystem(projector, measured, { bits, samples: 2 }, seed), options);

  it("finds the phantom, and at 8 bits loses less than 0.5 dB at more than 2.7 times less data", () => {
    const [full, low] = [run(0), run(8)];
    expect(psnr(full, truth)).toBeGreaterThan(20);
    expect(psnr(full, truth) - psnr(low, truth)).toBeLessThan(0.5);
    expect(ssim(low, truth, geometry.size)).toBeGreaterThan(0.7);
    const [a, b] = [0, 8].map((bits) => encodeSystem(projector, measured, { bits, samples: 2 }, 1));
    expect(((a?.bytes ?? 0) + (a?.pathBytes ?? 0)) / ((b?.bytes ?? 1) + (b?.pathBytes ?? 0))).toBeGreaterThan(2.7);
  });

  it("repeats to the bit by its seed, and is never below 0", () => {
    const one = run(4);
    expect(run(4)).toEqual(one);
    expect(run(4, 2)).not.toEqual(one);
    expect(one.every((density) => density >= 0)).toBe(true);
  });
});

describe("pictures", () => {
  const image = new Float64Array(12);
  fillUniform(image, createStream("picture"));

  it("are PNG files of 8-bit greys with right checksums", () => {
    const png = greyPng(Float64Array.from([...image.slice(0, 10), -1, 2]), 4);
    const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
    expect(Array.from(png.subarray(0, 8))).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const chunks = new Map<string, Uint8Array>();
    for (let at = 8; at < png.length; ) {
      const length = view.getUint32(at);
      const body = png.subarray(at + 4, at + 8 + length);
      expect(view.getUint32(at + 8 + length)).toBe(crc32(body));
      chunks.set(String.fromCharCode(...body.subarray(0, 4)), body.subarray(4));
      at += 12 + length;
    }
    expect([...chunks.keys()]).toEqual(["IHDR", "IDAT", "IEND"]);
    expect(Array.from(chunks.get("IHDR") ?? [])).toEqual([0, 0, 0, 4, 0, 0, 0, 3, 8, 0, 0, 0, 0]);
    const lines = inflateSync(chunks.get("IDAT") ?? new Uint8Array());
    expect(lines).toHaveLength(3 * 5);
    expect([lines[0], lines[1], lines[13], lines[14]]).toEqual([0, Math.round(255 * (image[0] as number)), 0, 255]);
  });

  it("stand side by side in one document with escaped captions", () => {
    const svg = platesSvg(
      [
        { caption: "a < b & c", image },
        { caption: "two", image },
      ],
      4,
    );
    expect(svg.startsWith("<svg")).toBe(true);
    expect(svg).toContain("a &lt; b &amp; c");
    expect(svg.match(/data:image\/png;base64,/g)).toHaveLength(2);
  });
});
