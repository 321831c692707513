// `winnow models`: what is in the model store.
import type { Command } from 'commander'
import { listVersions, openVersion } from '../models/version-store.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addCommand, examplesText } from './shared-options.ts'
import { addCompareCommand } from './models-compare.ts'
import { addImportCommand } from './models-import.ts'
import { addReleaseCommands } from './models-release.ts'
import { tableText } from './terminal.ts'

/** Adds `models` to the program. */
export function addModelsCommands(program: Command): void {
  const models = program
    .command('models')
    .description('model versions: list, check, publish and promote them')
    .addHelpText('after', examplesText(['winnow models list', 'winnow models show mail']))
  addCommand(models, {
    name: 'list',
    summary: 'all versions of all models',
    description:
      'Lists the versions in the model store. `winnow models verify` checks their files.',
    examples: ['winnow models list', 'winnow models list --json'],
  }).action(async (options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const versions = await listVersions({ storeDir: paths.store })
    if (versions.length === 0) terminal.say('no model yet; `winnow train` makes one')
    else
      terminal.say(
        tableText(['model', 'labels', 'method', 'precision', 'created', ''], versions.map(rowOf)),
      )
    terminal.document(versions)
  })
  addCommand(models, {
    name: 'show <ref>',
    summary: 'the manifest of one version',
    description:
      'Shows labels, base, figures and hashes of a version. REF is NAME, NAME@VERSION or NAME@champion.',
    examples: ['winnow models show mail', 'winnow models show mail@2 --json'],
  }).action(async (ref: string, options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const { manifest, dir } = await openVersion({ ref, storeDir: paths.store })
    terminal.say(JSON.stringify(manifest, undefined, 2))
    terminal.say(dir)
    terminal.document({ ...manifest, dir })
  })
  addCommand(models, {
    name: 'verify <ref>',
    summary: 'check the files of one version against their hashes',
    description: 'Reads all files of a version and compares their SHA-256 with the manifest.',
    examples: ['winnow models verify mail@2'],
  }).action(async (ref: string, options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const { manifest, dir } = await openVersion({ ref, storeDir: paths.store })
    terminal.say(`the files of ${manifest.name}@${manifest.version} match their hashes: ${dir}`)
    terminal.document({ model: `${manifest.name}@${manifest.version}`, whole: true, dir })
  })
  addImportCommand(models)
  addReleaseCommands(models)
  addCompareCommand(models)
}

function rowOf(one: Awaited<ReturnType<typeof listVersions>>[number]): (string | number)[] {
  const ref = `${one.name}@${one.version}`
  const note = one.champion ? 'champion' : ''
  if (one.state === 'damaged') return [ref, '', '', '', '', `damaged: ${one.reason}`]
  const { labels, method, precision, created } = one.manifest
  return [ref, labels.length, method, precision, created.slice(0, 16).replace('T', ' '), note]
}
