// `winnow models push`, `promote`, `rollback`, `challenge`, `shadow` and `export`: change which
// version others get.
import { cp, mkdir } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ModelAnnouncement, SecondaryRole } from '../../schemas/model-announcement.ts'
import type { Config } from '../../configs/schema.ts'
import { endedRoles } from '../../models/store/release-state.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { checkTexts, readCleaned, sourceHelp } from '../labelled-texts.ts'
import { checkNewFolder } from '../option-checks.ts'
import { promoteModel, rollBackModel, sideModel, type Change } from '../../serving/promoting.ts'
import {
  findVersion,
  openRegistry,
  publishModel,
  whoAsks,
  type Published,
  type Registry,
} from '../../serving/publishing.ts'
import { addCommand, numberIn, type CommandText } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { logLine } from '../terminal.ts'

type Terminal = CommandContext['terminal']

/** Adds the commands to `models`. */
export function addReleaseCommands(models: Command): void {
  addPush(models)
  addPromote(models)
  addRollback(models)
  addRoleCommand(models, challengeText, 'challenger')
  addRoleCommand(models, shadowText, 'shadow')
  addExport(models)
}

function addPush(models: Command): void {
  const command = addCommand(models, {
    name: 'push <ref>',
    summary: 'publish a version',
    description:
      'Takes a version of the local store through the gate (publish.* in the configuration), uploads\n' +
      'it to the artifact store (store.*), and announces it on winnow.models. The first version of a\n' +
      'name starts to serve; a later one serves when it is promoted. Pushing again changes nothing.',
    examples: [
      'winnow models push mail@2 --data test.jsonl',
      'winnow models push mail@2 --force "the champion learned from leaked texts"',
    ],
  })
  addGateOptions(command, 'publish it').action(
    async (ref: string, options: SharedOptions & GateOptions) => {
      await withRegistry(options, async (registry, { config, terminal, paths }) => {
        const version = await findVersion({
          ref,
          config,
          storeDir: paths.store,
          log: (line) => terminal.say(line),
        })
        const done = await untilStopped(async (signal) => {
          const dataset = await gateTexts(options, config, signal)
          return publishModel(registry, {
            version,
            dataset,
            force: options.force,
            by: whoAsks(),
            signal,
          })
        })
        sayPublished(terminal, done)
        terminal.document(done)
      })
    },
  )
}

/** Adds the options of the gate: texts to compare on, or a reason to overrule it. */
function addGateOptions(command: Command, deed: string): Command {
  return command
    .option('--data <src>', `texts to compare with the champion on: ${sourceHelp}`)
    .option('--force <reason>', `${deed} even if the gate refuses; the reason is recorded`)
}

/** Prints the verdicts of the gate and where the version is. */
export function sayPublished(terminal: Terminal, done: Published): void {
  for (const { rule, passed, because } of done.verdicts) {
    terminal.say(`${passed ? 'passed' : 'overruled'}  ${rule.padEnd(9)} ${because}`)
  }
  terminal.say(`${terminal.style('bold', done.model)} published: ${done.url}`)
}

function addPromote(models: Command): void {
  const command = addCommand(models, {
    name: 'promote <ref>',
    summary: 'make a version the champion',
    description:
      'Consumers and gateways that serve NAME swap to this version, without a restart and without losing an\n' +
      'event. Each first checks the files and their hashes and runs a trial; if one fails, it keeps its\n' +
      'version and records why (`winnow query "SELECT * FROM model_releases"`). The version must pass the\n' +
      'gate (see `winnow models push --help`); a refused version can be judged again with --data, or\n' +
      'forced. A version that is not in the artifact store (store.*) yet is uploaded first.',
    examples: [
      'winnow models promote mail@2',
      'winnow models promote mail@2 --reason "new labels"',
      'winnow models promote mail@2 --data test.jsonl',
    ],
  }).option('--reason <text>', 'why, for the record', '')
  addGateOptions(command, 'promote it').action(
    async (ref: string, options: SharedOptions & GateOptions & { reason: string }) => {
      await withRegistry(options, async (registry, { config, terminal }) => {
        const { reason, force } = options
        const change = await untilStopped(async (signal) => {
          const dataset = await gateTexts(options, config, signal)
          return promoteModel(registry, { ref, by: whoAsks(), reason, force, dataset, signal })
        })
        sayUploaded(terminal, change)
        say(terminal, change.state)
        sayEnded(terminal, change)
      })
    },
  )
}

function addRollback(models: Command): void {
  addCommand(models, {
    name: 'rollback <name>',
    summary: 'go back to the previous champion',
    description: 'Makes the previous champion the champion again.',
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

const challengeText: CommandText = {
  name: 'challenge <ref>',
  summary: 'let a version answer for a share of the events',
  description:
    'This version answers instead of the champion for P percent of the events, drawn by a hash of the\n' +
    'event id: rows and winnow.classified have its results, with role challenger. If it fails to answer,\n' +
    'the champion answers. 0 ends it; so does promoting it. There is one challenger at a time.',
  examples: [
    'winnow models challenge mail@3 --percent 10 --reason "try the new labels"',
    'winnow models challenge mail@3 --percent 0',
  ],
}

const shadowText: CommandText = {
  name: 'shadow <ref>',
  summary: 'let a version classify a share of the events for comparison',
  description:
    'Consumers also classify P percent of the events, drawn by a hash of the event id, with this version,\n' +
    'into rows of their own with role shadow. Nobody else sees these rows, the main path does not wait for\n' +
    'them, and events are left out when capacity is short. 0 ends it; so does promoting it. There is one\n' +
    'shadow at a time; `winnow models compare` shows the result.',
  examples: [
    'winnow models shadow mail@3 --percent 100',
    'winnow models compare mail@champion mail@3',
    'winnow models shadow mail@3 --percent 0',
  ],
}

function addRoleCommand(models: Command, text: CommandText, role: SecondaryRole): void {
  const command = addCommand(models, text)
    .requiredOption(
      '--percent <p>',
      'share of the events, 0 to 100',
      numberIn({ from: 0, to: 100 }),
    )
    .option('--reason <text>', 'why, for the record', '')
  if (role === 'challenger') addGateOptions(command, 'challenge')
  command.action(async (ref: string, options: RoleOptions) => {
    await withRegistry(options, async (registry, { config, terminal }) => {
      const { percent, reason, force } = options
      const change = await untilStopped(async (signal) => {
        const dataset = await gateTexts(options, config, signal)
        const request = { ref, role, percent, by: whoAsks(), reason, force, dataset, signal }
        return sideModel(registry, request)
      })
      sayUploaded(terminal, change)
      const { state } = change
      const version = terminal.style('bold', `${state.name}@${state.version}`)
      const secondary = state[role]
      terminal.say(
        secondary === null
          ? `${version} is no longer the ${role}`
          : `${version} is the ${role} for ${secondary.percent} % of the events`,
      )
      if (percent > 0) sayEnded(terminal, change)
      terminal.document(state)
    })
  })
}

type GateOptions = { readonly data?: string; readonly force?: string }
type RoleOptions = SharedOptions & GateOptions & { percent: number; reason: string }

/** The cleaned texts of --data; undefined without it. */
async function gateTexts(
  { data }: GateOptions,
  config: Config,
  signal: AbortSignal,
): Promise<Dataset | undefined> {
  return data === undefined ? undefined : readCleaned(data, { config, columns: {}, signal })
}

/** Prints that a version was uploaded to the artifact store, and under which number. */
function sayUploaded(terminal: Terminal, { state, uploadedTo }: Change): void {
  if (uploadedTo === undefined) return
  terminal.say(`${state.name}@${state.version} was not published yet; uploaded to ${uploadedTo}`)
}

function sayEnded(terminal: Terminal, { before, state }: Change): void {
  for (const { role, version } of endedRoles(before, state)) {
    terminal.say(`${state.name}@${version} is no longer the ${role}`)
  }
}

function addExport(models: Command): void {
  addCommand(models, {
    name: 'export <ref> <dir>',
    summary: 'copy a version into a folder',
    description:
      'Checks the files of a version against their hashes and copies them to an empty or new folder.',
    examples: ['winnow models export mail@2 ./mail-2'],
  }).action(async (ref: string, dir: string, options: SharedOptions) => {
    const { config, terminal, paths } = await openContext(options)
    await checkNewFolder(dir)
    const version = await findVersion({
      ref,
      config,
      storeDir: paths.store,
      log: (line) => terminal.say(line),
    })
    await mkdir(dir, { recursive: true })
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
  options: SharedOptions & GateOptions,
  work: (registry: Registry, context: CommandContext) => Promise<void>,
): Promise<void> {
  const context = await openContext(options)
  await checkTexts({ '--data': options.data }, {})
  const { config, paths } = context
  const registry = await openRegistry({ config, storeDir: paths.store, log: logLine })
  try {
    await work(registry, context)
  } finally {
    await registry.close()
  }
}
