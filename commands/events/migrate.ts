// `winnow migrate`: brings topics, schemas and tables up to date. `stream`, `serve` and `demo` do
// the same when they start; a deployment may prefer to run it separately.
import type { Command } from 'commander'
import { hasRegistry, openSchemas } from '../../infra/schema-registry/registry.ts'
import { prepareService } from '../../serving/backends.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { logLine } from '../terminal.ts'

/** Adds `migrate` to the program. */
export function addMigrateCommand(program: Command): void {
  addCommand(program, {
    name: 'migrate',
    summary: 'create topics, schemas and tables that are missing',
    description:
      'Creates missing topics, registers the Avro schemas and applies the SQL migrations, each once\n' +
      'and in order, and the retention that is configured. Running it again changes nothing.',
    examples: ['winnow migrate', 'winnow migrate --profile cluster --config production.yaml'],
  }).action(async (options: SharedOptions) => {
    const { config, terminal } = await openContext(options)
    const done = await prepareService(config, logLine)
    await openSchemas(config.registry, config.topics.prefix)
    const list = (names: string[]) => (names.length === 0 ? 'none missing' : names.join(', '))
    terminal.say(`topics created:     ${list(done.topics)}`)
    terminal.say(`migrations applied: ${list(done.migrations)}`)
    terminal.say(`retention:          ${done.retention.length === 0 ? 'as configured' : 'changed'}`)
    if (!hasRegistry(config.registry)) terminal.say('registry:           none, all values are JSON')
    terminal.document(done)
  })
}
