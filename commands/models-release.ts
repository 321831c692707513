// `winnow models push`, `promote`, `rollback` and `export`: what changes which version others get.
import { cp, mkdir, readdir } from 'node:fs/promises'
import type { Command } from 'commander'
import { WinnowError } from '../schemas/errors.ts'
import type { ModelAnnouncement } from '../schemas/model-announcement.ts'
import { openContext, type CommandContext, type SharedOptions } from './context.ts'
import { readCleaned, sourceHelp } from './labelled-texts.ts'
import {
  findVersion,
  openRegistry,
  promoteModel,
  publishModel,
  rollBackModel,
  whoAsks,
  type Published,
  type Registry,
} from './publishing.ts'
import { addCommand } from './shared-options.ts'
import { untilStopped } from './signals.ts'

type Terminal = CommandContext['terminal']

/** Adds the commands to `models`. */
export function addReleaseCommands(models: Command): void {
  addPush(models)
  addPromote(models)
  addRollback(models)
  addExport(models)
}

function addPush(models: Command): void {
  addCommand(models, {
    name: 'push <ref>',
    summary: 'publish a version',
    description:
      'Takes a version of the local store through the gate (publish.* in the configuration), uploads\n' +
      'it to the artifact store (store.*), and announces it on winnow.models. The first version of a\n' +
      'name serves from then on; a later one serves when it is promoted. Pushing again changes nothing.',
    examples: [
      'winnow models push mail@2 --data test.jsonl',
      'winnow models push mail@2 --force "the champion learned from leaked texts"',
    ],
  })
    .option('--data <src>', `texts to compare with the champion on: ${sourceHelp}`)
    .option('--force <reason>', 'publish although the gate refuses; the reason is recorded')
    .action(async (ref: string, options: SharedOptions & { data?: string; force?: string }) => {
      await withRegistry(options, async (registry, { config, terminal, paths }) => {
        const version = await findVersion({
          ref,
          config,
          storeDir: paths.store,
          log: (line) => terminal.say(line),
        })
        const done = await untilStopped(async (signal) => {
          const dataset =
            options.data === undefined
              ? undefined
              : await readCleaned(options.data, { config, columns: {}, signal })
          return publishModel(registry, {
            ...{ version, dataset, force: options.force, by: whoAsks(), signal },
          })
        })
        sayPublished(terminal, done)
        terminal.document(done)
      })
    })
}

/** The verdicts of the gate and where the version is now. */
export function sayPublished(terminal: Terminal, done: Published): void {
  for (const { rule, passed, because } of done.verdicts) {
    terminal.say(`${passed ? 'passed' : 'overruled'}  ${rule.padEnd(9)} ${because}`)
  }
  terminal.say(`${terminal.style('bold', done.model)} published: ${done.url}`)
}

function addPromote(models: Command): void {
  addCommand(models, {
    name: 'promote <ref>',
    summary: 'make a version the champion',
    description:
      'From now on consumers and gateways that serve NAME swap to this version, without a restart and\n' +
      'without losing an event. Each checks the files, the hashes and a trial first and keeps what it has\n' +
      'when one fails (`winnow query "SELECT * FROM model_releases"`).',
    examples: [
      'winnow models promote mail@2',
      'winnow models promote mail@2 --reason "new labels"',
    ],
  })
    .option('--reason <text>', 'why, for the record', '')
    .action(async (ref: string, options: SharedOptions & { reason: string }) => {
      await withRegistry(options, async (registry, { terminal }) => {
        const { reason } = options
        say(terminal, await promoteModel(registry, { ref, by: whoAsks(), reason }))
      })
    })
}

function addRollback(models: Command): void {
  addCommand(models, {
    name: 'rollback <name>',
    summary: 'go back to the champion before',
    description: 'Makes the champion before the present one champion again.',
    examples: ['winnow models rollback mail --reason "too many refunds"'],
  })
    .option('--reason <text>', 'why, for the record', '')
    .action(async (name: string, options: SharedOptions & { reason: string }) => {
      await withRegistry(options, async (registry, { terminal }) => {
        const { reason } = options
        say(terminal, await rollBackModel(registry, { name, by: whoAsks(), reason }))
      })
    })
}

function addExport(models: Command): void {
  addCommand(models, {
    name: 'export <ref> <dir>',
    summary: 'copy a version into a folder',
    description:
      'Copies the files of a version, checked against their hashes, into an empty or new folder.',
    examples: ['winnow models export mail@2 ./mail-2'],
  }).action(async (ref: string, dir: string, options: SharedOptions) => {
    const { config, terminal, paths } = await openContext(options)
    const version = await findVersion({
      ref,
      config,
      storeDir: paths.store,
      log: (line) => terminal.say(line),
    })
    await mkdir(dir, { recursive: true })
    if ((await readdir(dir)).length > 0) {
      throw new WinnowError('usage', `${dir} is not empty; name a new folder.`)
    }
    await cp(version.dir, dir, { recursive: true })
    terminal.say(`${version.ref} copied to ${dir}`)
    terminal.document({ model: version.ref, dir, manifest: version.manifest })
  })
}

function say(terminal: Terminal, state: ModelAnnouncement): void {
  const champion = `${state.name}@${state.champion ?? ''}`
  const before = state.previous.at(-1)
  terminal.say(
    `${terminal.style('bold', champion)} is the champion` +
      (before === undefined ? '' : `; before it was ${state.name}@${before}`),
  )
  terminal.document(state)
}

async function withRegistry(
  options: SharedOptions,
  work: (registry: Registry, context: CommandContext) => Promise<void>,
): Promise<void> {
  const context = await openContext(options)
  const { config, paths } = context
  const log = (line: string): boolean => process.stderr.write(`${line}\n`)
  const registry = await openRegistry({ config, storeDir: paths.store, log })
  try {
    await work(registry, context)
  } finally {
    await registry.close()
  }
}
