// Opens the base encoder of a training, and fetches it first if the store does not have it.
import { downloadProxy } from '../configs/proxy.ts'
import type { BaseProgress } from '../models/bases/base-sources.ts'
import { ensureBase, type Base } from '../models/bases/base-store.ts'
import type { Context, LongWork } from './context.ts'

/** How far the download of a base encoder is. */
export type DownloadProgress = { readonly kind: 'download' } & BaseProgress

/**
 * Opens a base encoder from the store, fetching it first if it is not there; `from` is a local
 * folder to copy from.
 *
 * @throws WinnowError `base_not_found`, `download_failed`, `cancelled`.
 */
export async function fetchBase(
  name: string,
  options: LongWork<DownloadProgress> & {
    readonly context: Pick<Context, 'config' | 'paths'>
    readonly from?: string | undefined
  },
): Promise<Base> {
  const { context, from, signal, onProgress } = options
  const { config, paths } = context
  return ensureBase({
    name,
    storeDir: paths.store,
    endpoint: config.base.endpoint,
    from,
    proxy: downloadProxy(config.base.proxy),
    signal,
    onProgress: (received) => onProgress?.({ kind: 'download', ...received }),
  })
}
