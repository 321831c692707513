// What a sink in memory lacks of a block. tests/contract/uncertain-write.test.ts asks the real one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { Block } from '../../schemas/ports/sink.ts'
import { createMemorySink } from '../../tests/support/memory-sink.ts'
import { outputFrom, sampleDeadLetter, sampleRecord } from '../../tests/support/sample-records.ts'
import { missingRows } from './missing-rows.ts'

const topic = 't'

const outputOf = (offset: number, partition = 0) =>
  outputFrom(sampleRecord(offset, { topic, partition }), `row ${partition}/${offset}`)

const letterOf = (offset: number, attempt = 0) =>
  sampleDeadLetter({ topic, partition: 0, offset, recordTimeMs: 1_000 + offset, attempt })

/** A sink that has this block. */
async function sinkWith(block: Omit<Block<string>, 'token'>) {
  const sink = createMemorySink<string>()
  await sink.write({ token: 'before', ...block }, await sink.fence([0]))
  return sink
}

describe('missingRows', () => {
  const block = {
    token: 'block',
    outputs: [outputOf(1), outputOf(2), outputOf(1, 7)],
    deadLetters: [letterOf(3), letterOf(4)],
  }

  it('is the whole block where the sink has nothing, and keeps its token', async () => {
    expect(await missingRows(block, createMemorySink<string>())).toEqual({
      ...block,
      deadLetters: block.deadLetters.map((letter) => expect.objectContaining(letter) as object),
    })
  })

  it('leaves out rows and dead letters that the sink has', async () => {
    const sink = await sinkWith({ outputs: [outputOf(2)], deadLetters: [letterOf(3)] })
    const missing = await missingRows(block, sink)
    expect(missing.outputs).toEqual([outputOf(1), outputOf(1, 7)])
    expect(missing.deadLetters.map(({ offset }) => offset)).toEqual([4])
  })

  it('looks at the record time too: the topic may have been created again', async () => {
    const old = outputOf(2)
    const origin = { ...old.origin, recordTimeMs: 5 }
    const sink = await sinkWith({ outputs: [{ ...old, origin }], deadLetters: [] })
    expect((await missingRows(block, sink)).outputs).toEqual(block.outputs)
  })

  it('tells attempts at one event apart', async () => {
    const again = { token: 'again', outputs: [], deadLetters: [letterOf(3, 1), letterOf(4, 2)] }
    const sink = await sinkWith({ outputs: [], deadLetters: [letterOf(3), letterOf(4, 2)] })
    const missing = await missingRows(again, sink)
    expect(missing.deadLetters.map(({ offset }) => offset)).toEqual([3])
  })

  it('asks once about all events of a partition that were sent again', async () => {
    const asked: number[][] = []
    const sink = createMemorySink<string>()
    const deadLetters = [letterOf(3, 1), letterOf(4, 2), letterOf(5, 1)]
    await missingRows(
      { token: 'again', outputs: [], deadLetters },
      {
        ...sink,
        storedAttempts(of, partition, origins) {
          asked.push(origins.map(({ offset }) => offset))
          return sink.storedAttempts(of, partition, origins)
        },
      },
    )
    expect(asked).toEqual([[3, 4, 5]])
  })

  it('throws what the sink throws', async () => {
    const away = new WinnowError('analytics_unavailable', 'away')
    const sink = { ...createMemorySink<string>(), storedFrom: () => Promise.reject(away) }
    await expect(missingRows(block, sink)).rejects.toBe(away)
  })

  it('is what completes the block, whatever of it was stored', async () => {
    const offsets = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(offsets, fc.infiniteStream(fc.boolean()), async (all, stored) => {
        const outputs = all.filter((offset) => offset % 3 > 0).map((offset) => outputOf(offset))
        const deadLetters = all.filter((offset) => offset % 3 === 0).map((one) => letterOf(one))
        const isStored = () => stored.next().value === true
        const sink = await sinkWith({
          outputs: outputs.filter(isStored),
          deadLetters: deadLetters.filter(isStored),
        })
        const missing = await missingRows({ token: 'block', outputs, deadLetters }, sink)
        await sink.write(missing, await sink.fence([0]))
        expect(sink.rows.toSorted()).toEqual(outputs.map(({ value }) => value).toSorted())
        expect(sink.letters.map(({ offset }) => offset).toSorted()).toEqual(
          deadLetters.map(({ offset }) => offset).toSorted(),
        )
      }),
    )
  })
})
