// The progress of fetching a base encoder, for `base pull`, commands that train, and the demo.
import type { Base } from '../models/bases/base-store.ts'
import { fetchBase, type DownloadProgress } from '../library/fetch-base.ts'
import type { CommandContext } from './command-context.ts'
import { joinedParts, measureRate, type WorkRate } from './work-rate.ts'

/** Opens a base encoder as the library does, with a progress line while it is fetched. */
export async function pullBase(
  name: string,
  context: CommandContext,
  signal: AbortSignal,
  from?: string,
): Promise<Base> {
  const { terminal } = context
  const text = downloadProgressText()
  const base = await fetchBase(name, {
    context,
    from,
    signal,
    onProgress: (progress) => terminal.progress(text(progress)),
  })
  terminal.progressDone()
  return base
}

/** Creates the text of the progress line, which measures the rate of each file. */
export function downloadProgressText(): (progress: DownloadProgress) => string {
  const rateText = (perSecond: number): string => `${megabytes(perSecond)} MB per second`
  let received: { file: string; rate: WorkRate } | undefined
  return ({ source, file, receivedBytes, totalBytes }) => {
    if (received?.file !== file) received = { file, rate: measureRate({ rateText }) }
    const rate = received.rate({ done: receivedBytes, total: totalBytes })
    const amount = `${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`
    return joinedParts(`${file} from ${source}: ${amount}`, rate)
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
