// Follows the frames of zstd data (RFC 8878, 3.1) without decoding them. Node's decoder drops
// what follows a frame in one chunk, and Node 22 does not notice data that ends within a frame.
const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50

/** What the next bytes are. */
type Part = 'magic' | 'descriptor' | 'header' | 'block header' | 'block' | 'checksum' | 'skip size'

/** Bytes of the parts that always have the same length. */
const partBytes = { magic: 4, descriptor: 1, 'block header': 3, checksum: 4, 'skip size': 4 }

/** Splits zstd data at the ends of its frames, as its chunks arrive. */
export class ZstdFrames {
  #part: Part = 'magic'
  /** Bytes of the part that are still to come. */
  #left = partBytes.magic
  /** The little-endian number in the bytes of the part so far, and its next bit. */
  #value = 0
  #shift = 0
  #hasChecksum = false
  #isLastBlock = false
  #isBroken = false
  #isBehindFrame = false

  /** Whether the data may end here: it holds at least one frame, and all are complete. */
  get isComplete(): boolean {
    return this.#isBehindFrame
  }

  /**
   * Cuts a chunk behind each frame that ends in it. From bytes that are no frame on, it cuts
   * nothing, because the decoder fails there.
   */
  cut(chunk: Buffer): Buffer[] {
    const pieces: Buffer[] = []
    let from = 0
    let at = 0
    while (at < chunk.length && !this.#isBroken) {
      this.#isBehindFrame = false
      at =
        this.#part === 'block' || this.#part === 'header'
          ? this.#skip(chunk, at)
          : this.#read(chunk, at)
      if (this.#left === 0) this.#endPart()
      if (!this.isComplete) continue
      pieces.push(chunk.subarray(from, at))
      from = at
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from))
    return pieces
  }

  #skip(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at)
    this.#left -= taken
    return at + taken
  }

  #read(chunk: Buffer, at: number): number {
    this.#value += chunk[at]! * 2 ** this.#shift
    this.#shift += 8
    this.#left -= 1
    return at + 1
  }

  #endPart(): void {
    const value = this.#value
    switch (this.#part) {
      case 'magic':
        if (value === frameMagic) this.#begin('descriptor')
        else if (Math.floor(value / 16) * 16 === skippableMagic) this.#begin('skip size')
        else this.#isBroken = true
        return
      case 'descriptor':
        this.#hasChecksum = (value & 4) !== 0
        this.#beginSkip('header', headerBytes(value))
        return
      case 'header':
        this.#begin('block header')
        return
      case 'block header':
        this.#isLastBlock = (value & 1) !== 0
        // A block of one repeated byte has this byte only, whatever its size.
        this.#beginSkip('block', ((value >> 1) & 3) === 1 ? 1 : value >> 3)
        return
      case 'block':
        if (!this.#isLastBlock) this.#begin('block header')
        else if (this.#hasChecksum) this.#begin('checksum')
        else this.#endFrame()
        return
      case 'checksum':
        this.#endFrame()
        return
      case 'skip size':
        this.#hasChecksum = false
        this.#isLastBlock = true
        this.#beginSkip('block', value)
    }
  }

  #begin(part: keyof typeof partBytes): void {
    this.#part = part
    this.#left = partBytes[part]
    this.#value = this.#shift = 0
  }

  #beginSkip(part: 'header' | 'block', bytes: number): void {
    this.#part = part
    this.#left = bytes
    if (bytes === 0) this.#endPart()
  }

  #endFrame(): void {
    this.#isBehindFrame = true
    this.#begin('magic')
  }
}

/** Bytes of a frame header behind its descriptor (RFC 8878, 3.1.1.1.1). */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag
  const dictionaryFlag = descriptor & 3
  const dictionaryBytes = dictionaryFlag === 3 ? 4 : dictionaryFlag
  return Number(!isSingleSegment) + dictionaryBytes + sizeBytes
}
