// Fetching a base encoder with a progress line: shared by `base pull`, `train` and the demo.
import { downloadProxy } from '../configs/proxy.ts'
import { ensureBase, type Base } from '../models/base-store.ts'
import type { CommandContext } from './context.ts'

/** The base encoder from the store, fetched first when it is not there; `from` is a local folder. */
export async function pullBase(
  name: string,
  { config, paths, terminal }: CommandContext,
  signal: AbortSignal,
  from?: string,
): Promise<Base> {
  const base = await ensureBase({
    name,
    storeDir: paths.store,
    endpoint: config.base.endpoint,
    from,
    proxy: downloadProxy(config.base.proxy),
    signal,
    onProgress: ({ source, file, receivedBytes, totalBytes }) => {
      const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
      terminal.progress(
        `${file} from ${source}: ${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`,
      )
    },
  })
  terminal.progressDone()
  return base
}
