// `winnow models`: shows and checks versions in the model store, and groups the commands that
// change them.
import type { Command } from 'commander'
import { openVersion } from '../../models/store/version-store.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand, examplesText } from '../shared-options.ts'
import { addCascadeCommands } from './models-cascade.ts'
import { addCompareCommand } from './models-compare.ts'
import { addImportCommand } from './models-import.ts'
import { addListCommand } from './models-list.ts'
import { addQuantizeCommand } from './models-quantize.ts'
import { addReleaseCommands } from './models-release.ts'
import { addRemoveCommands } from './models-remove.ts'

/** Adds `models` to the program. */
export function addModelsCommands(program: Command): void {
  const models = program
    .command('models')
    .description('model versions: list, check, publish and promote them')
    .addHelpText('after', examplesText(['winnow models list', 'winnow models show mail']))
  addListCommand(models)
  addCommand(models, {
    name: 'show <ref>',
    summary: 'show the manifest of one version',
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
  addRemoveCommands(models)
  addImportCommand(models)
  addQuantizeCommand(models)
  addCascadeCommands(models)
  addReleaseCommands(models)
  addCompareCommand(models)
}
