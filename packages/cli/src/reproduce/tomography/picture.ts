import { crc32, deflateSync } from "node:zlib";

/** An image to be shown. */
export interface Plate {
  readonly caption: string;
  /** Densities, row by row from the top; 0 is black, 1 and above white. */
  readonly image: Float64Array;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/**
 * A grey image as PNG (ISO/IEC 15948), 8 bits a pixel. It is stored, not compressed: so the bytes do not depend on the
 * version of a compressor.
 *
 * @param image Row by row; 0 is black, 1 and above white.
 * @param width In pixels.
 */
export function greyPng(image: Float64Array, width: number): Uint8Array {
  const height = image.length / width;
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head[8] = 8; // bits a sample; grey, and no interlacing, are 0
  const lines = new Uint8Array(height * (width + 1)); // each begins with its filter, 0 for none
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const grey = Math.round(255 * Math.min(1, Math.max(0, image[y * width + x] as number)));
      lines[y * (width + 1) + 1 + x] = grey;
    }
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [signature, chunk("IHDR", head), chunk("IDAT", deflateSync(lines, { level: 0 }))];
  return new Uint8Array(Buffer.concat([...parts, chunk("IEND", new Uint8Array(0))]));
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Pixels of the picture that a plate takes, and between plates. */
const [side, gap, line] = [220, 12, 34];

/**
 * Images side by side with their captions, as one SVG document that needs nothing beside it.
 *
 * @param width Of each image, in its own pixels.
 */
export function platesSvg(plates: readonly Plate[], width: number, perRow = 4): string {
  const rows = Math.ceil(plates.length / perRow);
  const total = [perRow * (side + gap) + gap, rows * (side + line + gap) + gap] as const;
  const parts = plates.map(({ caption, image }, p) => {
    const x = gap + (p % perRow) * (side + gap);
    const y = gap + Math.floor(p / perRow) * (side + line + gap);
    const data = Buffer.from(greyPng(image, width)).toString("base64");
    return [
      `<image x="${x}" y="${y}" width="${side}" height="${side}" style="image-rendering:pixelated" href="data:image/png;base64,${data}"/>`,
      `<text x="${x}" y="${y + side + 18}" font-family="Helvetica, Arial, sans-serif" font-size="12">${escaped(caption)}</text>`,
    ].join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${total[0]}" height="${total[1]}" viewBox="0 0 ${total[0]} ${total[1]}"><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>`;
}
