// Bodies in shared memory: slow ones give way, small chunks are joined, nothing is kept.
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { brokenOff, BodyMemory } from './request-body.ts'

const never = new AbortController().signal
const plain = (stream: Readable) => ({
  stream,
  overheadBytes: 0,
  isWindowed: false,
  failure: brokenOff,
})
const chunks = (...sizes: number[]) =>
  plain(
    Readable.from(
      sizes.map((size) => Buffer.alloc(size, 'x')),
      { objectMode: false },
    ),
  )

describe('BodyMemory', () => {
  it('reads a body of any number of chunks, up to its limit', async () => {
    const memory = new BodyMemory(1_000)
    for (const sizes of [[], [1], [1_000], [300, 1, 699], Array<number>(1_000).fill(1)]) {
      const { bytes, release } = await memory.read(chunks(...sizes), never)
      expect(bytes.length).toBe(sizes.reduce((sum, size) => sum + size, 0))
      release()
    }
    const large = memory.read(chunks(999, 2), never)
    await expect(large).rejects.toMatchObject({ code: 'body_too_large' })
  })

  it('drops the oldest unfinished body when memory runs out', async () => {
    const memory = new BodyMemory(1_000)
    const slow = Array.from({ length: 8 }, () => {
      const source = new PassThrough()
      source.write(Buffer.alloc(1_000))
      return { source, read: memory.read(plain(source), never).catch((error: unknown) => error) }
    })
    const first = memory.read(chunks(500), never)
    expect((await first).bytes.length).toBe(500)
    expect(await slow[0]!.read).toMatchObject({ code: 'queue_full' })
    slow[1]!.source.end()
    expect(await slow[1]!.read).toMatchObject({ bytes: { length: 1_000 } })
    // 500 bytes of the first body's share are left; the next oldest body makes room for the rest.
    expect((await memory.read(chunks(1_000), never)).bytes.length).toBe(1_000)
    expect(await slow[2]!.read).toMatchObject({ code: 'queue_full' })
  })

  it('refuses when finished bodies take all memory, until one is released', async () => {
    const memory = new BodyMemory(1_000)
    const held = await Promise.all(
      Array.from({ length: 8 }, () => memory.read(chunks(1_000), never)),
    )
    await expect(memory.read(chunks(1), never)).rejects.toMatchObject({ code: 'queue_full' })
    held[3]!.release()
    held[3]!.release()
    expect((await memory.read(chunks(1_000), never)).bytes.length).toBe(1_000)
    await expect(memory.read(chunks(1), never)).rejects.toMatchObject({ code: 'queue_full' })
  })

  it("counts a decoder's memory while a body arrives, and frees it", async () => {
    const memory = new BodyMemory(1_000)
    const slow = Array.from({ length: 8 }, () => {
      const source = { ...plain(new PassThrough()), overheadBytes: 1_000 }
      return { source, read: memory.read(source, never).catch((error: unknown) => error) }
    })
    const next = { ...chunks(10), overheadBytes: 500 }
    expect((await memory.read(next, never)).bytes.length).toBe(10)
    expect(await slow[0]!.read).toMatchObject({ code: 'queue_full' })
    expect(slow[0]!.source.stream.destroyed).toBe(true)
    expect(slow[1]!.source.stream.destroyed).toBe(false)
  })

  it('counts the window of zstd until the body is complete', async () => {
    const memory = new BodyMemory(1_000)
    const windowed = () => ({ ...chunks(1_000), isWindowed: true })
    for (let round = 0; round < 7; round += 1) {
      expect((await memory.read(windowed(), never)).bytes.length).toBe(1_000)
    }
    await expect(memory.read(windowed(), never)).rejects.toMatchObject({ code: 'queue_full' })
    expect((await memory.read(chunks(1_000), never)).bytes.length).toBe(1_000)
  })

  it('stops at the signal or when the connection breaks, and keeps nothing', async () => {
    const memory = new BodyMemory(1_000)
    for (let round = 0; round < 20; round += 1) {
      const stop = new AbortController()
      const stalled = new PassThrough()
      stalled.write(Buffer.alloc(1_000))
      const read = memory.read(plain(stalled), stop.signal)
      stop.abort(new WinnowError('deadline_exceeded', 'late'))
      await expect(read).rejects.toMatchObject({ code: 'deadline_exceeded' })
      const broken = new PassThrough()
      broken.write(Buffer.alloc(1_000))
      const other = memory.read(plain(broken), never)
      broken.destroy()
      await expect(other).rejects.toMatchObject({ code: 'cancelled' })
      await expect(memory.read(plain(broken), never)).rejects.toMatchObject({ code: 'cancelled' })
    }
    expect((await memory.read(chunks(1_000), never)).bytes.length).toBe(1_000)
  })
})
