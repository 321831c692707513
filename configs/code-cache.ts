// Keeps the compiled form of the code between processes: it saves about 0.2 s of each start. What
// is kept is checked by Node against the sources, so that it can be deleted or outdated at any
// time.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { cacheDir } from './paths.ts'

/**
 * Uses the cache in this process, its threads and the processes that it starts. A folder that the
 * environment names (NODE_COMPILE_CACHE) stays.
 */
export function enableCodeCache(): void {
  process.env['NODE_COMPILE_CACHE'] ??= join(cacheDir(), 'code')
  enableCompileCache(process.env['NODE_COMPILE_CACHE'])
}
