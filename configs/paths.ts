// Where Winnow stores what outlives a command: caches, the model store, the state of the embedded
// stack. It only computes paths and creates nothing.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The user's cache folder for Winnow: `$XDG_CACHE_HOME/winnow`, else `~/.cache/winnow`. */
export function cacheDir(): string {
  const base = process.env['XDG_CACHE_HOME']
  return base ? join(base, 'winnow') : join(homedir(), '.cache', 'winnow')
}

/**
 * The store of base encoders and model versions: `$WINNOW_MODEL_STORE`, else in the cache folder.
 */
export function modelStoreDir(): string {
  const named = process.env['WINNOW_MODEL_STORE']
  return named ? resolve(named) : join(cacheDir(), 'models')
}

/** The embedded stack's state (data, pids, logs): `$WINNOW_STATE`, else `.winnow` in `workDir`. */
export function stateDir(workDir: string): string {
  const named = process.env['WINNOW_STATE']
  return named ? resolve(named) : join(resolve(workDir), '.winnow')
}
