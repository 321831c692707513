// `winnow migrate`: brings topics, schemas and tables up to date. `stream`, `serve` and `demo` do
// the same when they start; a deployment may prefer to run it separately.
import { Option, type Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { planMigrations, planScript, wholePlan } from '../../infra/clickhouse/migrations.ts'
import { hasRegistry, openSchemas } from '../../infra/schema-registry/registry.ts'
import { prepareService } from '../../serving/backends.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { logLine, type Terminal } from '../terminal.ts'

/** Adds `migrate` to the program. */
export function addMigrateCommand(program: Command): void {
  addCommand(program, {
    name: 'migrate',
    summary: 'create topics, schemas and tables that are missing',
    description:
      'Creates missing topics, registers the Avro schemas and applies the SQL migrations, each once\n' +
      'and in order, and the retention that is configured. Running it again changes nothing. With\n' +
      'clickhouse.cluster, the tables are replicated, and with clickhouse.sharded also spread over the shards.\n' +
      '--dry-run prints the SQL that is missing, for clickhouse-client, and --all that of an empty server,\n' +
      'without asking one.',
    examples: [
      'winnow migrate',
      'winnow migrate --profile cluster --config production.yaml',
      'winnow migrate --dry-run --set clickhouse.cluster=main > migrations.sql',
    ],
  })
    .option('--dry-run', 'print the SQL of the missing migrations and change nothing')
    .addOption(
      new Option('--all', 'with --dry-run: the SQL of all migrations, without a server').implies({
        dryRun: true,
      }),
    )
    .action(async (options: SharedOptions & { dryRun?: true; all?: true }) => {
      const { config, terminal } = await openContext(options)
      if (options.dryRun === true) {
        await dryRun(config, terminal, options.all === true ? 'all' : 'missing')
        return
      }
      const done = await prepareService(config, logLine, { refusal: 'fail' })
      await openSchemas(config.registry, config.topics.prefix)
      const list = (names: string[]) => (names.length === 0 ? 'none missing' : names.join(', '))
      terminal.say(`topics created:     ${list(done.topics)}`)
      terminal.say(`migrations applied: ${list(done.migrations)}`)
      terminal.say(
        `retention:          ${done.retention.length === 0 ? 'as configured' : 'changed'}`,
      )
      if (!hasRegistry(config.registry))
        terminal.say('registry:           none, all values are JSON')
      terminal.document(done)
    })
}

async function dryRun(
  { clickhouse }: Config,
  terminal: Terminal,
  which: 'all' | 'missing',
): Promise<void> {
  const plan = await (which === 'all' ? wholePlan : planMigrations)(clickhouse)
  if (terminal.json) {
    const migrations = plan.missing.map(({ name, statements }) => ({ name, statements }))
    terminal.document({ first: migrations.length === 0 ? [] : plan.first, migrations })
    return
  }
  terminal.result(planScript(clickhouse, plan))
  if (plan.missing.length === 0) logLine('no migration is missing')
}
