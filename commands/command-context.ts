// What every command starts from: the resolved configuration, the folders, the terminal.
import { loadConfig } from '../configs/load.ts'
import { plainSecrets } from '../configs/plain-secrets.ts'
import { cacheDir, modelStoreDir, stateDir } from '../configs/paths.ts'
import { readConfig, type Context } from '../library/context.ts'
import { createTerminal, logLine, type Terminal } from './terminal.ts'

/** The options that every command accepts. */
export type SharedOptions = {
  config?: string
  profile?: string
  set?: string[]
  json?: boolean
}

/** The context of the library, and the terminal. */
export type CommandContext = Context & { readonly terminal: Terminal }

/**
 * Resolves the context. A running embedded stack provides the addresses of the local profile. Warns
 * on stderr about passwords that would be sent unencrypted.
 */
export async function openContext(
  options: SharedOptions,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<CommandContext> {
  const context = await readContext(options, flags)
  for (const { danger, advice } of plainSecrets(context.config)) {
    logLine(`warning: ${danger}; ${advice}`)
  }
  return context
}

/**
 * Resolves the context without warnings, for commands that build no clients from it. `stack` says
 * whether the addresses of a running stack are used; only the command that starts the stack ignores
 * them.
 */
export async function readContext(
  options: SharedOptions,
  flags: Readonly<Record<string, unknown>> = {},
  stack: 'discovered' | 'ignored' = 'discovered',
): Promise<CommandContext> {
  const paths = { cache: cacheDir(), store: modelStoreDir(), state: stateDir(process.cwd()) }
  const sources = {
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.config === undefined ? {} : { file: options.config }),
    flags,
    set: options.set ?? [],
  }
  return {
    config: stack === 'discovered' ? await readConfig(paths.state, sources) : loadConfig(sources),
    terminal: createTerminal({ json: options.json === true }),
    paths,
    note: logLine,
  }
}
