// Reads a body of any length as pieces of complete lines, in bounded memory. It reads on only when
// the next piece is wanted, so a slow consumer slows the sender down.
import type { BodySource } from './request-body.ts'

/** One line, without its end; undefined for a line that is too long to keep. */
export type Line = Buffer | undefined

/** The bounds of a piece. */
export type PieceLimits = {
  readonly linesMax: number
  /** A piece ends after the line with which it reaches this size. */
  readonly pieceBytesMax: number
  readonly lineBytesMax: number
}

const newline = 0x0a

/** The lines of a body; lines of white space do not count. */
export class LinePieces {
  readonly #source: BodySource
  readonly #limits: PieceLimits
  /** What was read and not cut yet. */
  #rest: Buffer = Buffer.alloc(0)
  /** The beginning of the line that is still arriving, in memory that doubles as it grows. */
  #begun: Buffer = Buffer.alloc(0)
  #begunBytes = 0
  #isTooLong = false
  #hasEnded = false

  constructor(source: BodySource, limits: PieceLimits) {
    this.#source = source
    this.#limits = limits
  }

  /**
   * The lines that are there, at least one; none after the last. Waits for more only if there is no
   * complete line. Rejects with the failure of the source, or the reason of `signal`.
   */
  async next(signal: AbortSignal): Promise<Line[]> {
    const lines: Line[] = []
    const { stream } = this.#source
    for (;;) {
      signal.throwIfAborted()
      if (this.#cut(lines) || this.#hasEnded) return lines
      const chunk = stream.read() as Buffer | null
      if (chunk !== null) this.#rest = chunk
      else if (lines.length > 0) return lines
      else if (stream.readableEnded) this.#endLine(lines)
      else await this.#arrival(signal)
    }
  }

  /** Cuts what was read into lines; returns whether the piece is full. */
  #cut(lines: Line[]): boolean {
    const { linesMax, pieceBytesMax } = this.#limits
    let bytes = lines.reduce((sum, line) => sum + (line?.length ?? 0), 0)
    while (this.#rest.length > 0) {
      if (lines.length >= linesMax || bytes >= pieceBytesMax) return true
      const end = this.#rest.indexOf(newline)
      this.#append(end < 0 ? this.#rest : this.#rest.subarray(0, end))
      this.#rest = end < 0 ? Buffer.alloc(0) : this.#rest.subarray(end + 1)
      if (end < 0) return false
      const count = lines.length
      this.#finishLine(lines)
      if (lines.length > count) bytes += lines.at(-1)?.length ?? 0
    }
    return false
  }

  #append(part: Buffer): void {
    const length = this.#begunBytes + part.length
    this.#isTooLong ||= length > this.#limits.lineBytesMax
    if (this.#isTooLong) {
      this.#begun = Buffer.alloc(0)
      this.#begunBytes = 0
      return
    }
    if (length > this.#begun.length) {
      const capacity = Math.min(this.#limits.lineBytesMax, Math.max(length, 2 * this.#begun.length))
      const larger = Buffer.allocUnsafeSlow(capacity)
      this.#begun.copy(larger, 0, 0, this.#begunBytes)
      this.#begun = larger
    }
    part.copy(this.#begun, this.#begunBytes)
    this.#begunBytes = length
  }

  #finishLine(lines: Line[]): void {
    const line = this.#begun.subarray(0, this.#begunBytes)
    if (this.#isTooLong) lines.push(undefined)
    else if (!isBlank(line)) lines.push(line)
    this.#begun = Buffer.alloc(0)
    this.#begunBytes = 0
    this.#isTooLong = false
  }

  /** The last line may have no end. */
  #endLine(lines: Line[]): void {
    this.#hasEnded = true
    this.#finishLine(lines)
  }

  /** Resolves when there is something to read, or the end. */
  #arrival(signal: AbortSignal): Promise<void> {
    const { stream, failure } = this.#source
    return new Promise((resolve, reject) => {
      const leave = (act: () => void) => {
        signal.removeEventListener('abort', onAbort)
        stream.off('readable', onReady).off('end', onReady).off('error', onFailure)
        stream.off('close', onFailure)
        act()
      }
      const onReady = () => {
        leave(resolve)
      }
      const onFailure = (cause?: Error) => {
        leave(() => {
          reject(failure(cause))
        })
      }
      const onAbort = () => {
        leave(() => {
          reject(signal.reason as Error)
        })
      }
      signal.addEventListener('abort', onAbort, { once: true })
      stream.on('readable', onReady).on('end', onReady).on('error', onFailure)
      stream.on('close', onFailure)
      if (stream.destroyed) onFailure()
    })
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}
