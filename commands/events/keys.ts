// `winnow keys`: makes, lists and revokes API keys of the gateway, in the file of
// serving/gateway/key-file.ts.
import { InvalidArgumentError, type Command } from 'commander'
import { scopeNames } from '../../configs/schema.ts'
import type { Scope } from '../../gateway/http/auth.ts'
import {
  createKey,
  keysPath,
  listKeys,
  revokeKey,
  type ListedKey,
} from '../../serving/gateway/key-file.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { addCommand, examplesText } from '../shared-options.ts'
import { tableText } from '../terminal.ts'

type CreateOptions = SharedOptions & { name: string; scopes: Scope[]; expires?: number }

/** Adds `keys` to the program. */
export function addKeysCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description('API keys of the gateway: create, list and revoke')
    .addHelpText(
      'after',
      examplesText(['winnow keys create --name dashboard --scopes read', 'winnow keys list']),
    )
  addCreate(keys)
  addList(keys)
  addRevoke(keys)
}

function addCreate(keys: Command): void {
  addCommand(keys, {
    name: 'create',
    summary: 'make a key and show it once',
    description:
      'Makes an API key and prints it. It is not shown again: the file of keys holds its hash. A running\n' +
      'gateway accepts it within a second. Scopes: ingest sends events and labels, read reads results and\n' +
      'classifies, read-masked does so without seeing mail addresses, phone, card and account numbers in\n' +
      'stored texts, admin changes which model serves. With the first key, a gateway on loopback stops to\n' +
      'answer callers without one. In a script: KEY=$(winnow keys create --name ci --scopes ingest --json | jq -r .key)',
    examples: [
      'winnow keys create --name dashboard --scopes read',
      'winnow keys create --name shop --scopes ingest,read --expires 90d',
    ],
  })
    .requiredOption('--name <name>', 'whose key it is; becomes the field `by` of labels', nameText)
    .requiredOption('--scopes <list>', `some of ${scopeNames.join(', ')}`, scopeList)
    .option('--expires <age>', 'how long it is valid, such as 12h or 90d (default: for ever)', age)
    .action(async (options: CreateOptions) => {
      const { context, path } = await openKeys(options)
      const { terminal } = context
      const nowMs = Date.now()
      const { name, scopes, expires } = options
      const expiresMs = expires === undefined ? null : nowMs + expires
      const made = await createKey(path, { name, scopes, expiresMs, nowMs })
      terminal.say(made.key)
      terminal.say(
        terminal.style(
          'dim',
          `key ${made.id} of ${name}: ${scopes.join(', ')}${untilText(expiresMs)}`,
        ),
      )
      terminal.say(
        terminal.style('dim', 'It is not shown again. Send it as "Authorization: Bearer KEY".'),
      )
      terminal.document({ ...made, name, scopes, expires: timeOf(expiresMs), file: path })
    })
}

function addList(keys: Command): void {
  addCommand(keys, {
    name: 'list',
    summary: 'list keys, newest first',
    description:
      'Lists the keys of the file, with scopes, expiry and when each was last used. Gateways note uses\n' +
      'every half minute. Keys of gateway.keys in the configuration are not listed.',
    examples: ['winnow keys list', 'winnow keys list --json'],
  }).action(async (options: SharedOptions) => {
    const { context, path } = await openKeys(options)
    const { terminal, config } = context
    const listed = await listKeys(path, Date.now())
    if (listed.length === 0) terminal.say('no key yet; `winnow keys create` makes one')
    else terminal.say(tableOf(listed))
    const others = config.gateway.keys.length
    if (others > 0) terminal.say(`${others} more in gateway.keys of the configuration`)
    terminal.document(listed.map(document))
  })
}

function addRevoke(keys: Command): void {
  addCommand(keys, {
    name: 'revoke <key>',
    summary: 'revoke a key',
    description: 'Revokes a key by its id or name. Running gateways refuse it within a second.',
    examples: ['winnow keys revoke 3f9a0c12', 'winnow keys revoke shop'],
  }).action(async (wanted: string, options: SharedOptions) => {
    const { context, path } = await openKeys(options)
    const { terminal } = context
    const revoked = await revokeKey(path, wanted, Date.now())
    terminal.say(`key ${revoked.id} of ${revoked.name} is revoked`)
    terminal.document(document(revoked))
  })
}

async function openKeys(
  options: SharedOptions,
): Promise<{ context: CommandContext; path: string }> {
  const context = await openContext(options)
  return { context, path: keysPath(context.config.gateway, context.paths.state) }
}

function tableOf(keys: readonly ListedKey[]): string {
  return tableText(
    ['id', 'name', 'scopes', 'state', 'created', 'expires', 'last used'],
    keys.map((key) => [
      ...[key.id, key.name, key.scopes.join(', '), key.state],
      ...[key.createdMs, key.expiresMs, key.lastUsedMs].map(shortTime),
    ]),
  )
}

function document({ createdMs, expiresMs, revokedMs, lastUsedMs, ...key }: ListedKey) {
  return {
    ...key,
    created: timeOf(createdMs),
    expires: timeOf(expiresMs),
    revoked: timeOf(revokedMs),
    lastUsed: timeOf(lastUsedMs),
  }
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function shortTime(ms: number | null): string {
  return ms === null ? '-' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

function untilText(expiresMs: number | null): string {
  return expiresMs === null ? '' : `, until ${shortTime(expiresMs)} UTC`
}

function nameText(text: string): string {
  if (text.trim() !== '' && text.length <= 256) return text
  throw new InvalidArgumentError('Give a name of 1 to 256 characters.')
}

function scopeList(text: string): Scope[] {
  const given = [...new Set(text.split(',').map((part) => part.trim()))]
  const scopes = scopeNames.filter((scope) => given.includes(scope))
  if (scopes.length === given.length) return scopes
  throw new InvalidArgumentError(`Give some of ${scopeNames.join(', ')}, with commas between them.`)
}

const unitsMs = { h: 3_600_000, d: 86_400_000 } as const

function age(text: string): number {
  const parts = /^([1-9]\d{0,4})([hd])$/.exec(text)
  if (parts !== null) return Number(parts[1]) * unitsMs[parts[2] as keyof typeof unitsMs]
  throw new InvalidArgumentError('Give a time such as 12h or 90d.')
}
