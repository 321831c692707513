// Keeps compiled code between processes, which saves about 0.2 s of each start. Node checks the
// cache against the sources, so it can be deleted or outdated at any time.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { cacheDir } from './paths.ts'

/**
 * Uses the cache in this process, its threads and its child processes. A folder that the
 * environment names (NODE_COMPILE_CACHE) takes precedence.
 */
export function enableCodeCache(): void {
  process.env['NODE_COMPILE_CACHE'] ??= join(cacheDir(), 'code')
  enableCompileCache(process.env['NODE_COMPILE_CACHE'])
}
