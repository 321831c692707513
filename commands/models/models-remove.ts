// `winnow models rm` and `prune`: delete old versions from the local store.
import type { Command } from 'commander'
import { rolesInStore } from '../../models/store/champion.ts'
import { parseModelRef } from '../../models/store/model-ref.ts'
import {
  pruneVersions,
  removeVersion,
  type RemovalRequest,
} from '../../models/store/version-removal.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { pinnedVersion } from '../../models/store/listed-versions.ts'
import { readAnnounced, unreadText } from '../../serving/control/announced-models.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { bytesText } from '../terminal.ts'

const keepDefault = 3

/** Adds `models rm` and `models prune`. */
export function addRemoveCommands(models: Command): void {
  addRemove(models)
  addPrune(models)
}

const localOnly =
  'Only the model store of this machine changes: a copy in the artifact store (store.kind folder or s3) stays,\n' +
  'and is fetched again when the version is named. Version numbers are never reused.'

function addRemove(models: Command): void {
  addCommand(models, {
    name: 'rm <ref>',
    summary: 'delete one version from the local store',
    description:
      'Deletes NAME@VERSION. It refuses to delete the champion, a challenger, a shadow, and the\n' +
      `version that inference.model names; with --force it deletes the one that a rollback returns to. ${localOnly}`,
    examples: ['winnow models rm mail@2', 'winnow models rm mail@3 --force'],
  })
    .option('--force', 'also the version that a rollback returns to')
    .action(async (ref: string, options: SharedOptions & { force?: boolean }) => {
      const context = await openContext(options)
      const { terminal } = context
      const parsed = parseModelRef(ref)
      if (parsed.kind !== 'version') {
        const message = `'${ref}' names no version: use ${parsed.name}@VERSION, as \`winnow models list\` shows them.`
        throw new WinnowError('usage', message)
      }
      const { name, version } = parsed
      const removal = await removeVersion({
        ...requestOf(context, name),
        version,
        force: options.force === true,
      })
      terminal.say(`${name}@${version} removed, ${bytesText(removal.bytesFreed)} freed`)
      terminal.document({ name, ...removal })
    })
}

function addPrune(models: Command): void {
  addCommand(models, {
    name: 'prune <name>',
    summary: 'delete old versions of a model from the local store',
    description:
      'Deletes all versions of NAME except the newest and those with a role: champion, challenger,\n' +
      `shadow, the one that a rollback returns to and the one that inference.model names. ${localOnly}`,
    examples: ['winnow models prune mail --dry-run', 'winnow models prune mail --keep 5'],
  })
    .option('--keep <number>', 'number of newest versions to keep', wholeNumber(1), keepDefault)
    .option('--dry-run', 'show what would be deleted, and delete nothing')
    .action(async (name: string, options: SharedOptions & { keep: number; dryRun?: boolean }) => {
      const context = await openContext(options)
      const { terminal } = context
      const dryRun = options.dryRun === true
      const { removed, bytesFreed } = await pruneVersions({
        ...requestOf(context, name),
        keep: options.keep,
        isTrial: dryRun,
      })
      for (const version of removed) {
        terminal.say(`${name}@${version} ${dryRun ? 'would be removed' : 'removed'}`)
      }
      const freed = `${bytesText(bytesFreed)} ${dryRun ? 'would be freed' : 'freed'}`
      terminal.say(
        removed.length === 0
          ? `nothing to remove: ${name} has no version beyond the newest ${options.keep} and those with a role`
          : `${counted(removed.length, 'version')}, ${freed}`,
      )
      terminal.document({ name, dryRun, removed, bytesFreed })
    })
}

/** What a removal must know of the model; says so if it has to rely on the store alone. */
function requestOf({ config, paths, terminal }: CommandContext, name: string): RemovalRequest {
  return {
    storeDir: paths.store,
    name,
    pinned: pinnedVersion(config, name),
    announced: async () => {
      const announced = await readAnnounced(config)
      if (announced.kind === 'read') return announced.states.get(name)
      const wasAnnounced = (await rolesInStore({ storeDir: paths.store, name })) !== undefined
      if (wasAnnounced) terminal.say(terminal.style('dim', unreadText(announced)))
      return undefined
    },
  }
}
