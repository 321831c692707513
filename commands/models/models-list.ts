// `winnow models list`: the versions in the local store, with roles, accuracy and size.
import type { Command } from 'commander'
import { rolesInStore } from '../../models/store/champion.ts'
import { rolesOf, roleText, type VersionRole } from '../../models/store/version-roles.ts'
import { diskUse } from '../../models/store/version-size.ts'
import { listVersions, type VersionListing } from '../../models/store/version-store.ts'
import { counted } from '../../schemas/counted.ts'
import { pinnedVersion, readAnnounced, unreadText, type Announced } from './announced-models.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { bytesText, tableText } from '../terminal.ts'

/** A version as the list shows it. */
type ListedVersion = VersionListing & {
  readonly roles: readonly VersionRole[]
  /** From the manifest; null if nothing was measured. */
  readonly accuracy: number | null
  /** What the accuracy was measured on, in words. */
  readonly measuredOn: string | null
  /** Bytes of all its files. */
  readonly bytes: number
  /** Bytes of the files that no other version shares: what removing the version frees. */
  readonly ownBytes: number
  /** RFC 3339; null for a damaged version. */
  readonly created: string | null
}

/** Adds `models list`. */
export function addListCommand(models: Command): void {
  addCommand(models, {
    name: 'list',
    summary: 'list all versions of all models',
    description:
      'Lists the model store: the role of each version, its recorded accuracy and what that was measured on,\n' +
      'and its size. Roles come from winnow.models or, if Kafka does not answer, are the last that this store\n' +
      'knows of: champion, challenger and shadow with their share of the events, previous (what a rollback\n' +
      'returns to), pinned (inference.model names this version). A file that versions share counts once in\n' +
      'the total. Files are not checked; `models verify` does that.',
    examples: ['winnow models list', 'winnow models list --json'],
  }).action(async (options: SharedOptions) => {
    const context = await openContext(options)
    const { terminal, paths, config } = context
    const listings = await listVersions({ storeDir: paths.store })
    if (listings.length === 0) {
      terminal.say('no model yet; `winnow train` makes one')
      terminal.document([])
      return
    }
    const announced = await readAnnounced(config)
    const known = { ...context, announced }
    const versions = await Promise.all(listings.map((one) => listed(one, listings, known)))
    terminal.say(tableOf(versions))
    const { bytes } = await diskUse(versions.map(({ dir }) => dir))
    terminal.say(`${counted(versions.length, 'version')}, ${bytesText(bytes)} in ${paths.store}`)
    const withRole = versions.some(({ roles }) => roles.some(({ kind }) => kind !== 'pinned'))
    if (announced.kind === 'unread' && withRole) {
      terminal.say(terminal.style('dim', unreadText(announced)))
    }
    terminal.document(versions)
  })
}

async function listed(
  one: VersionListing,
  listings: readonly VersionListing[],
  { config, paths, announced }: CommandContext & { announced: Announced },
): Promise<ListedVersion> {
  const { name, version } = one
  const state = announced.kind === 'read' ? announced.states.get(name) : undefined
  const known = state ?? (await rolesInStore({ storeDir: paths.store, name }))
  // A version that was removed here can only come back from an artifact store.
  const isThere = (earlier: string): boolean =>
    config.store.kind !== 'local' ||
    listings.some((it) => it.name === name && it.version === earlier)
  const roles = rolesOf(version, known, isThere)
  if (pinnedVersion(config, name) === version) roles.push({ kind: 'pinned' })
  const { metrics = {}, created = null } = one.state === 'readable' ? one.manifest : {}
  const { accuracy, measuredOn, evaluatedOn } = metrics
  const on = measuredOn ?? evaluatedOn
  return {
    ...one,
    champion: roles.some(({ kind }) => kind === 'champion'),
    roles,
    accuracy: typeof accuracy === 'number' ? accuracy : null,
    measuredOn: typeof on === 'string' ? on : null,
    ...(await diskUse([one.dir])),
    created,
  }
}

function tableOf(versions: readonly ListedVersion[]): string {
  return tableText(
    ['version', 'role', 'accuracy', 'size', 'created', 'labels', 'method', 'measured on'],
    versions.map((one) => {
      const head = [`${one.name}@${one.version}`, one.roles.map(roleText).join(', ')]
      if (one.state === 'damaged') {
        return [...head, '-', sizeText(one), '', '', '', `damaged: ${one.reason}`]
      }
      const { labels, method, created } = one.manifest
      return [
        ...head,
        one.accuracy === null ? '-' : one.accuracy.toFixed(4),
        sizeText(one),
        created.slice(0, 16).replace('T', ' '),
        labels.length,
        method,
        one.accuracy === null ? '-' : measuredText(one),
      ]
    }),
  )
}

/**
 * What it was measured on, in a few words; `models show` and the report have the whole sentence.
 */
function measuredText({ manifest, measuredOn }: ListedVersion & { state: 'readable' }): string {
  const { examples, evaluatedOn } = manifest.metrics
  if (typeof examples !== 'number' || typeof evaluatedOn !== 'string') return measuredOn ?? '-'
  return `${evaluatedOn} (${counted(examples, 'text')})`
}

/** The size, and how much of it other versions share. */
function sizeText({ bytes, ownBytes }: ListedVersion): string {
  if (ownBytes === bytes) return bytesText(bytes)
  return `${bytesText(ownBytes)} + ${bytesText(bytes - ownBytes)} shared`
}
