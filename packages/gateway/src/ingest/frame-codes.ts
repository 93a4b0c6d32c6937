import { createStream, decodeBody, ditherPlace, type Frame, type Quantizer } from "@zipml/codec";

/**
 * The codes of a frame, whatever its coding. Readings that came exactly are encoded here, under the grid that the device
 * would have used: with the same dither where there is one, and else with draws that go by device, session and sequence,
 * so that the same frame always gives the same codes.
 *
 * @param frame The frame.
 * @param device Id of its device.
 * @param quantizer Of the frame's grid, all its channels.
 * @returns rows × channels codes; a new array.
 * @throws DecodeError for a body that no device makes.
 */
export function frameCodes(frame: Frame, device: string, quantizer: Quantizer): Uint16Array {
  const { session, sequence } = frame;
  const place = ditherPlace(quantizer.grid, { device, session, sequence });
  const decoded = decodeBody(frame, quantizer, place);
  if (decoded.kind === "codes") return decoded.codes;
  const codes = new Uint16Array(decoded.values.length);
  quantizer.encodeInto(decoded.values, codes, place ?? createStream(`exact/${device}/${session}`, sequence));
  return codes;
}
