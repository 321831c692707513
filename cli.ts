#!/usr/bin/env node
// The command line: adds the commands to one program, turns what they throw into a sentence and an
// exit status (0 done, 1 failed, 2 wrong usage or configuration). commands/ builds the clients.
import { realpathSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { examplesText } from './commands/shared-options.ts'
import { writeDocument, writeError } from './commands/terminal.ts'
import { enableCodeCache } from './configs/code-cache.ts'
import { keepFreedMemory } from './configs/freed-memory.ts'
import { packageVersion } from './configs/package-version.ts'
import { WinnowError, errorMessage } from './schemas/errors.ts'

type AddCommand = (program: Command) => void

/**
 * The modules of the commands, in the order of the help page. Only the called command is loaded;
 * loading all would cost every process about 90 MB and half a second.
 */
const commandModules: readonly { names: readonly string[]; load: () => Promise<AddCommand> }[] = [
  { names: ['demo'], load: async () => (await import('./commands/local/demo.ts')).addDemoCommand },
  {
    names: ['up', 'down', 'status'],
    load: async () => (await import('./commands/local/stack.ts')).addStackCommands,
  },
  {
    names: ['doctor'],
    load: async () => (await import('./commands/local/doctor.ts')).addDoctorCommand,
  },
  {
    names: ['migrate'],
    load: async () => (await import('./commands/events/migrate.ts')).addMigrateCommand,
  },
  {
    names: ['base'],
    load: async () => (await import('./commands/models/base.ts')).addBaseCommands,
  },
  {
    names: ['produce'],
    load: async () => (await import('./commands/events/produce.ts')).addProduceCommand,
  },
  {
    names: ['inputs'],
    load: async () => (await import('./commands/events/inputs.ts')).addInputsCommands,
  },
  {
    names: ['stream'],
    load: async () => (await import('./commands/events/stream.ts')).addStreamCommand,
  },
  {
    names: ['serve'],
    load: async () => (await import('./commands/events/serve.ts')).addServeCommand,
  },
  {
    names: ['keys'],
    load: async () => (await import('./commands/events/keys.ts')).addKeysCommands,
  },
  {
    names: ['train'],
    load: async () => (await import('./commands/training/train.ts')).addTrainCommand,
  },
  { names: ['cv'], load: async () => (await import('./commands/training/cv.ts')).addCvCommand },
  {
    names: ['tune'],
    load: async () => (await import('./commands/training/tune.ts')).addTuneCommand,
  },
  {
    names: ['train-worker'],
    load: async () => (await import('./commands/training/train-worker.ts')).addTrainWorkerCommand,
  },
  {
    names: ['runs'],
    load: async () => (await import('./commands/training/runs.ts')).addRunsCommands,
  },
  {
    names: ['report'],
    load: async () => (await import('./commands/training/report.ts')).addReportCommand,
  },
  {
    names: ['evaluate'],
    load: async () => (await import('./commands/training/evaluate.ts')).addEvaluateCommand,
  },
  {
    names: ['data'],
    load: async () => (await import('./commands/training/data-check.ts')).addDataCommands,
  },
  {
    names: ['labels'],
    load: async () => (await import('./commands/training/labels.ts')).addLabelsCommands,
  },
  {
    names: ['classify'],
    load: async () => (await import('./commands/events/classify.ts')).addClassifyCommand,
  },
  {
    names: ['explain'],
    load: async () => (await import('./commands/events/explain.ts')).addExplainCommand,
  },
  {
    names: ['models'],
    load: async () => (await import('./commands/models/models.ts')).addModelsCommands,
  },
  {
    names: ['query'],
    load: async () => (await import('./commands/events/query.ts')).addQueryCommand,
  },
  {
    names: ['replay'],
    load: async () => (await import('./commands/events/replay.ts')).addReplayCommand,
  },
  {
    names: ['forget'],
    load: async () => (await import('./commands/events/forget.ts')).addForgetCommand,
  },
  { names: ['dlq'], load: async () => (await import('./commands/events/dlq.ts')).addDlqCommands },
  {
    names: ['bench'],
    load: async () => (await import('./commands/local/bench.ts')).addBenchCommand,
  },
]

/**
 * Creates the program with one command, or with all of them. Parsing a command line runs the
 * command.
 */
export async function createProgram(only?: string): Promise<Command> {
  const program = new Command('winnow')
    .description('Streaming text classification: Kafka in, labels in ClickHouse.')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(--help shows the options of this command)')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ writeErr: (text) => writeError(text.replace(/\n$/, '')) })
    .addHelpText('after', examplesText(['winnow demo', 'winnow up', 'winnow stream --help']))
  const called = commandModules.filter(({ names }) => only !== undefined && names.includes(only))
  for (const { load } of called.length > 0 ? called : commandModules) (await load())(program)
  for (const command of everyCommand(program)) command.exitOverride()
  return program
}

/** Runs one command line and returns the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  if (!process.stdout.listeners('error').includes(leaveWithReader)) {
    process.stdout.on('error', leaveWithReader)
  }
  try {
    const program = await createProgram(argv[0])
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, json)
    if (error.exitCode === 0) return 0
    // Commander has already told the user; with --json, programs get the same document as for any
    // failure.
    if (json) writeFailure('usage', error.message.replace(/^error: /, ''))
    return 2
  }
}

/** In `winnow classify … | head`, head may leave early: that is no failure and gives no message. */
function leaveWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

function report(error: unknown, json: boolean): number {
  const code = error instanceof WinnowError ? error.code : 'internal'
  if (json) writeFailure(code, errorMessage(error))
  writeError(`winnow: ${errorMessage(error)} [${code}]`)
  const setting = addressSettings.get(code)
  if (setting !== undefined) {
    writeError(
      '`winnow up` starts the embedded stack, and `winnow status` shows it. For a server of your own, set ' +
        `${setting}.`,
    )
  }
  if (!(error instanceof WinnowError) && error instanceof Error) {
    writeError('This is a defect in Winnow. Please report it with the lines that follow.')
    writeError(error.stack ?? '')
  }
  return code === 'usage' || code === 'config_invalid' ? 2 : 1
}

/** The settings that hold the address of a service that does not answer. */
const addressSettings: ReadonlyMap<string, string> = new Map([
  ['broker_unavailable', 'kafka.brokers (WINNOW_KAFKA_BROKERS)'],
  ['registry_unavailable', 'registry.url (WINNOW_REGISTRY_URL; none for JSON only)'],
  ['analytics_unavailable', 'clickhouse.url (WINNOW_CLICKHOUSE_URL)'],
])

/** Writes the one JSON document of a command that failed. */
function writeFailure(code: string, message: string): void {
  writeDocument({ error: { code, message } })
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child))]
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const argv = process.argv.slice(2)
  keepFreedMemory(argv)
  enableCodeCache()
  process.exitCode = await run(argv)
}
