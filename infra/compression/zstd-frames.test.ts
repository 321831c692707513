// The ends of zstd frames, however the body is split into chunks.
import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ZstdFrames } from './zstd-frames.ts'

const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
const emptySkippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])

const frame = fc.oneof(
  fc.constantFrom(skippable, emptySkippable),
  fc
    .tuple(fc.constantFrom(0, 1, 100, 300, 70_000, 300_000), fc.constantFrom(undefined, checked))
    .map(([bytes, options]) => zstdCompressSync(Buffer.alloc(bytes, 'winnow '), options)),
  fc
    .uint8Array({ minLength: 200, maxLength: 300 })
    .map((random) => zstdCompressSync(Buffer.from(random))),
)

it('cuts behind every frame, and is complete there only', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 500 }),
      (all, chunkBytes) => {
        const body = Buffer.concat(all)
        const frames = new ZstdFrames()
        const ends: number[] = []
        let passed = 0
        for (let at = 0; at < body.length; at += chunkBytes) {
          const pieces = frames.cut(body.subarray(at, at + chunkBytes))
          for (const [index, piece] of pieces.entries()) {
            passed += piece.length
            if (index < pieces.length - 1 || frames.isComplete) ends.push(passed)
          }
        }
        let end = 0
        expect(ends).toEqual(all.map((one) => (end += one.length)))
        expect(passed).toBe(body.length)
      },
    ),
    { numRuns: 200 },
  )
})

it('is not complete in an empty body, in part of a frame, or after other bytes', () => {
  const body = zstdCompressSync('hello')
  expect(new ZstdFrames().isComplete).toBe(false)
  for (let length = 1; length < body.length; length += 1) {
    const frames = new ZstdFrames()
    frames.cut(body.subarray(0, length))
    expect(frames.isComplete).toBe(false)
  }
  const frames = new ZstdFrames()
  expect(frames.cut(Buffer.concat([body, Buffer.from('more')]))).toHaveLength(2)
  expect(frames.isComplete).toBe(false)
})
