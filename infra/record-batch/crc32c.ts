// CRC-32C (Castagnoli), the checksum of every record batch. Node's zlib has only the other CRC-32.

/** Four bytes at a time ("slicing-by-4"): about 1 GB/s, twice as fast as byte by byte. */
const tables = makeTables()

/** The checksum of the bytes, as an unsigned 32-bit number. */
export function crc32c(bytes: Buffer): number {
  const [first, second, third, fourth] = tables
  let crc = -1
  let at = 0
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      fourth[crc & 255]! ^
      third[(crc >>> 8) & 255]! ^
      second[(crc >>> 16) & 255]! ^
      first[crc >>> 24]!
  }
  for (; at < bytes.length; at++) crc = first[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTables(): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const made = Array.from({ length: 4 }, () => new Int32Array(256))
  const [first, second, third, fourth] = made as ReturnType<typeof makeTables>
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    first[byte] = crc
  }
  const shift = (crc: number) => first[crc & 255]! ^ (crc >>> 8)
  for (let byte = 0; byte < 256; byte++) {
    second[byte] = shift(first[byte]!)
    third[byte] = shift(second[byte]!)
    fourth[byte] = shift(third[byte]!)
  }
  return [first, second, third, fourth]
}
