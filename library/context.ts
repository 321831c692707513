// What every function of the library starts from: the resolved configuration, the folders, and
// where lines for people go. The commands start from the same and add a terminal.
import { loadConfig, type ConfigSources } from '../configs/load.ts'
import { cacheDir, modelStoreDir, stateDir } from '../configs/paths.ts'
import type { Config } from '../configs/schema.ts'
import { connectionsOf, readStackState } from '../infra/local/services/stack-state.ts'

/** Where settings and folders come from. Every function of the library takes these options. */
export type WinnowOptions = {
  /** `local`, `compose` or `cluster`. Default: `WINNOW_PROFILE`, else `local`. */
  readonly profile?: string | undefined
  /** A YAML file with settings that override the profile. Default: `WINNOW_CONFIG`, if set. */
  readonly config?: string | undefined
  /** Single settings by path, such as `{ 'inference.workers': 2 }`; they override all else. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** The model store. Default: `WINNOW_MODEL_STORE`, else a folder in the user's cache. */
  readonly storeDir?: string | undefined
  /**
   * The state folder of the embedded stack, whose addresses are used while it runs. Default:
   * `WINNOW_STATE`, else `.winnow` in the working folder.
   */
  readonly stateDir?: string | undefined
  /** Called with lines for people: how a file was read, warnings. Default: nothing is shown. */
  readonly onNote?: ((line: string) => void) | undefined
}

/** Options of work that takes long. */
export type LongWork<Progress> = {
  /** Stops the work, which then throws `cancelled`. */
  readonly signal?: AbortSignal | undefined
  /** Called while the work goes on, up to many times per second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** The resolved options. */
export type Context = {
  readonly config: Config
  readonly paths: { readonly cache: string; readonly store: string; readonly state: string }
  /** Takes a line for people. */
  readonly note: (line: string) => void
}

/** Resolves the options. Throws config_invalid, which names the setting, its value and its rule. */
export async function resolveContext(options: WinnowOptions): Promise<Context> {
  const { profile, config: file, settings, storeDir, onNote } = options
  const paths = {
    cache: cacheDir(),
    store: storeDir ?? modelStoreDir(),
    state: options.stateDir ?? stateDir(process.cwd()),
  }
  const config = await readConfig(paths.state, {
    ...(profile === undefined ? {} : { profile }),
    ...(file === undefined ? {} : { file }),
    settings,
  })
  return { config, paths, note: (line) => onNote?.(line) }
}

/** The configuration, with the addresses of the embedded stack if one runs. */
export async function readConfig(
  stateFolder: string,
  sources: Omit<ConfigSources, 'discovered'>,
): Promise<Config> {
  return loadConfig({ ...sources, discovered: await runningStack(stateFolder) })
}

/** Addresses and credentials of the embedded stack, if one was started with this state folder. */
async function runningStack(stateFolder: string): Promise<Record<string, unknown>> {
  const stack = await readStackState(stateFolder)
  if (stack === undefined) return {}
  const connections = connectionsOf(stack)
  return {
    'kafka.brokers': connections.brokers,
    'registry.url': connections.registryUrl,
    'registry.token': connections.registryToken,
    'clickhouse.url': connections.clickhouseUrl,
    'clickhouse.username': connections.clickhouseUsername,
    'clickhouse.password': connections.clickhousePassword,
  }
}
