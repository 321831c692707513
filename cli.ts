#!/usr/bin/env node
// The command line: adds every command to one program and turns what they throw into a sentence and
// an exit status (0 done, 1 failed, 2 wrong usage or configuration). Commands build their clients in
// commands/, and nowhere else.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addBaseCommands } from './commands/base.ts'
import { addClassifyCommand } from './commands/classify.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addDlqCommands } from './commands/dlq.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addEvaluateCommand } from './commands/evaluate.ts'
import { addMigrateCommand } from './commands/migrate.ts'
import { addModelsCommands } from './commands/models.ts'
import { addProduceCommand } from './commands/produce.ts'
import { addQueryCommand } from './commands/query.ts'
import { addServeCommand } from './commands/serve.ts'
import { addStackCommands } from './commands/stack.ts'
import { addStreamCommand } from './commands/stream.ts'
import { addTrainCommand } from './commands/train.ts'
import { WinnowError, errorMessage } from './schemas/errors.ts'

/** The whole program; parsing runs the command. */
export function createProgram(): Command {
  const program = new Command('winnow')
    .description('Streaming text classification: Kafka in, labels in ClickHouse.')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(--help shows what this command takes)')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
  addDemoCommand(program)
  addStackCommands(program)
  addDoctorCommand(program)
  addMigrateCommand(program)
  addBaseCommands(program)
  addProduceCommand(program)
  addStreamCommand(program)
  addServeCommand(program)
  addTrainCommand(program)
  addEvaluateCommand(program)
  addClassifyCommand(program)
  addModelsCommands(program)
  addQueryCommand(program)
  addDlqCommands(program)
  for (const command of everyCommand(program)) command.exitOverride()
  return program
}

/** Runs one command line and gives the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  try {
    await createProgram().parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return report(error, json)
  }
}

function report(error: unknown, json: boolean): number {
  const code = error instanceof WinnowError ? error.code : 'internal'
  if (json)
    process.stdout.write(`${JSON.stringify({ error: { code, message: errorMessage(error) } })}\n`)
  process.stderr.write(`winnow: ${errorMessage(error)} [${code}]\n`)
  if (/^(?:broker|registry|analytics)_unavailable$/.test(code)) {
    process.stderr.write('`winnow status` shows what runs, `winnow up` starts the embedded stack.\n')
  }
  if (!(error instanceof WinnowError) && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`)
  }
  return code === 'usage' || code === 'config_invalid' ? 2 : 1
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child))]
}

function packageVersion(): string {
  const beside = new URL('package.json', import.meta.url)
  const above = new URL('../package.json', import.meta.url)
  for (const place of [beside, above]) {
    try {
      return (JSON.parse(readFileSync(place, 'utf8')) as { version: string }).version
    } catch {
      continue // Beside the sources in a checkout, above dist/ in the published package.
    }
  }
  return 'unknown'
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2))
