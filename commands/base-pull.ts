// Fetches a base encoder with a progress line, for `base pull`, `train` and the demo.
import { downloadProxy } from '../configs/proxy.ts'
import { ensureBase, type Base } from '../models/bases/base-store.ts'
import type { CommandContext } from './command-context.ts'
import { joinedParts, measureRate, type WorkRate } from './work-rate.ts'

/**
 * Opens the base encoder from the store, fetching it first if it is not there; `from` is a local
 * folder to copy from.
 */
export async function pullBase(
  name: string,
  { config, paths, terminal }: CommandContext,
  signal: AbortSignal,
  from?: string,
): Promise<Base> {
  const rateText = (perSecond: number): string => `${megabytes(perSecond)} MB per second`
  let received: { file: string; rate: WorkRate } | undefined
  const base = await ensureBase({
    name,
    storeDir: paths.store,
    endpoint: config.base.endpoint,
    from,
    proxy: downloadProxy(config.base.proxy),
    signal,
    onProgress: ({ source, file, receivedBytes, totalBytes }) => {
      if (received?.file !== file) received = { file, rate: measureRate({ rateText }) }
      const rate = received.rate({ done: receivedBytes, total: totalBytes })
      const amount = `${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`
      terminal.progress(joinedParts(`${file} from ${source}: ${amount}`, rate))
    },
  })
  terminal.progressDone()
  return base
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
