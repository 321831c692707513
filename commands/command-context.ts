// What every command starts from: the resolved configuration, the folders, the terminal.
import { loadConfig } from '../configs/load.ts'
import { plainSecrets } from '../configs/plain-secrets.ts'
import { cacheDir, modelStoreDir, stateDir } from '../configs/paths.ts'
import type { Config } from '../configs/schema.ts'
import { connectionsOf, readStackState } from '../infra/local/services/stack-state.ts'
import { createTerminal, logLine, type Terminal } from './terminal.ts'

/** The options that every command accepts. */
export type SharedOptions = {
  config?: string
  profile?: string
  set?: string[]
  json?: boolean
}

export type CommandContext = {
  config: Config
  terminal: Terminal
  paths: { cache: string; store: string; state: string }
}

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
    discovered: stack === 'discovered' ? await discover(paths.state) : {},
    flags,
    set: options.set ?? [],
  }
  return {
    config: loadConfig(sources),
    terminal: createTerminal({ json: options.json === true }),
    paths,
  }
}

/** Addresses and credentials of the embedded stack, if one was started from this folder. */
async function discover(state: string): Promise<Record<string, unknown>> {
  const stack = await readStackState(state)
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
