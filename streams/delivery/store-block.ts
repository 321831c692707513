// Writes one block until the sink has all of it. A failed write may have stored all, some or none
// of it, so before the next try another fence is raised and the missing rows are looked up. A block
// that may be too large for the sink is written in smaller parts.
import { WinnowError } from '../../schemas/errors.ts'
import type { Fence } from '../../schemas/fence.ts'
import type { Block, Sink } from '../../schemas/ports/sink.ts'
import { missingRows } from './missing-rows.ts'

/** Rows, dead letters and notes of filtered events of a block. */
export function rowsOf({ outputs, deadLetters, filtered = [] }: Block<unknown>): number {
  return outputs.length + deadLetters.length + filtered.length
}

/**
 * Resolves when the block is stored. `onFence` is given each fence that was raised meanwhile;
 * `patiently` repeats a call after a temporary failure. Throws fenced, and what the sink refuses
 * for good.
 */
export async function storeBlock<Output>(
  block: Block<Output>,
  options: {
    sink: Sink<Output>
    fence: Fence
    onFence: (fence: Fence) => void
    patiently: (call: () => Promise<void>) => Promise<void>
  },
): Promise<void> {
  const { sink, onFence, patiently } = options
  let { fence } = options
  let missing = block
  let isUncertain = false
  let partRows = Infinity
  const store = async (): Promise<void> => {
    if (isUncertain) {
      fence = await sink.fence(fence.partitions, fence)
      onFence(fence)
      missing = await missingRows(missing, sink)
    }
    isUncertain = true
    // Parts grow again with each that is stored, since the limit may have been a temporary one.
    for (let at = 0; at < rowsOf(missing); partRows *= 2) {
      const part = partOf(missing, at, partRows)
      const rows = rowsOf(part)
      try {
        await sink.write(part, fence)
      } catch (error) {
        if (smallerMayPass(error)) partRows = Math.max(1, Math.ceil(rows / 2))
        throw error
      }
      at += rows
    }
  }
  await patiently(store)
}

function smallerMayPass(error: unknown): boolean {
  return error instanceof WinnowError && error.details['smallerMayPass'] === true
}

/** `rows` rows of a block, as rowsOf counts them, after `from`. The whole block keeps its token. */
function partOf<Output>(block: Block<Output>, from: number, rows: number): Block<Output> {
  if (from === 0 && rows >= rowsOf(block)) return block
  const { token, outputs, deadLetters, records, filtered = [] } = block
  let before = 0
  const within = <Row>(all: readonly Row[]): Row[] => {
    const part = all.slice(Math.max(0, from - before), Math.max(0, from + rows - before))
    before += all.length
    return part
  }
  return {
    token: `${token}-${from}-${rows}`,
    outputs: within(outputs),
    deadLetters: within(deadLetters),
    records,
    filtered: within(filtered),
  }
}
