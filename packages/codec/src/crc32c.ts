/** Reversed form of the Castagnoli polynomial 0x1EDC6F41. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
  return rest;
});

/**
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4). The published check value is that of "123456789": e3069283.
 *
 * @param bytes What to check.
 * @param previous CRC of the bytes that come before these; 0 for none.
 * @returns 0 to 2³² − 1.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  for (let i = 0; i < bytes.length; i++) crc = (table[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
