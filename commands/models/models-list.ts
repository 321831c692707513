// `winnow models list`: the versions in the local store, with roles, accuracy and size.
import type { Command } from 'commander'
import { listVersionsWithRoles, type ListedVersion } from '../../models/store/listed-versions.ts'
import { roleText } from '../../models/store/version-roles.ts'
import { modelNames } from '../../models/store/version-files.ts'
import { diskUse } from '../../models/store/version-size.ts'
import { counted } from '../../schemas/counted.ts'
import { readAnnounced, unreadText } from '../../serving/control/announced-models.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { bytesText, tableText } from '../terminal.ts'

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
    const { terminal, paths, config } = await openContext(options)
    if ((await modelNames(paths.store)).length === 0) {
      terminal.say('no model yet; `winnow train` makes one')
      terminal.document([])
      return
    }
    const announced = await readAnnounced(config)
    const states = announced.kind === 'read' ? announced.states : undefined
    const versions = await listVersionsWithRoles({ storeDir: paths.store, config, states })
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
