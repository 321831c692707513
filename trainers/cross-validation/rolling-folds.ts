// Folds in order of time (rolling origin; Tashman 2000, International Journal of Forecasting 16):
// each trains on the past and tests on the block that follows. They measure what a stream will see.
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Example } from '../files/source-row.ts'

/**
 * Cuts time into `folds` + 1 blocks of about equally many examples. Fold i tests block i + 1 and
 * trains on all before it, less the examples that share a group with a tested one. Examples of one
 * instant are in one block.
 *
 * @throws WinnowError `dataset_invalid` when examples lack a time, or there are too few instants.
 */
export function rollingFolds(
  examples: readonly Example[],
  { folds, groupOf }: { folds: number; groupOf: Int32Array },
): { train: Int32Array; test: Int32Array }[] {
  requireTimes(examples)
  const timeOf = (index: number): number => examples[index]!.time!
  const ordered = Int32Array.from(examples.keys()).sort((a, b) => timeOf(a) - timeOf(b) || a - b)
  const starts = blockStarts(Float64Array.from(ordered, timeOf), folds + 1)
  return starts.slice(1).map((start, at) => {
    const test = ordered.slice(start, starts[at + 2] ?? ordered.length).sort()
    const tested = new Set(Array.from(test, (index) => groupOf[index]!))
    const past = ordered.slice(0, start).sort()
    return { train: past.filter((index) => !tested.has(groupOf[index]!)), test }
  })
}

/** Where each block begins; a cut moves to the next change of time. */
function blockStarts(ascending: Float64Array, blocks: number): number[] {
  const starts = [0]
  for (let block = 1; block < blocks; block++) {
    let start = Math.round((block * ascending.length) / blocks)
    start = Math.max(start, starts.at(-1)! + 1)
    while (start < ascending.length && ascending[start] === ascending[start - 1]) start++
    if (start >= ascending.length) {
      const instants = counted(new Set(ascending).size, 'different time')
      throw new WinnowError(
        'dataset_invalid',
        `--by-time: ${instants} cannot be cut into ${blocks} blocks of about one size; ` +
          'give fewer --folds.',
      )
    }
    starts.push(start)
  }
  return starts
}

function requireTimes(examples: readonly Example[]): void {
  const without = examples.reduce((sum, { time }) => sum + Number(time === undefined), 0)
  if (without === 0) return
  throw new WinnowError(
    'dataset_invalid',
    `--by-time: ${without} of ${counted(examples.length, 'example')} have no time; give each a ` +
      'field "time", as RFC 3339 or epoch milliseconds.',
    { details: { without } },
  )
}
