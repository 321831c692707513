// `winnow doctor`: what stands in the way, and how to mend it.
import type { Command } from 'commander'
import { plainSecrets } from '../configs/plain-secrets.ts'
import { createAnalytics } from '../infra/clickhouse.ts'
import { createKafka, pingBroker } from '../infra/kafka.ts'
import { runDoctor, type DoctorCheck } from '../infra/local/doctor.ts'
import { openSchemas } from '../infra/registry.ts'
import { openVersion } from '../models/version-store.ts'
import { listBases } from '../models/base-store.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import { readContext, type CommandContext, type SharedOptions } from './context.ts'
import { addCommand } from './shared-options.ts'

/** Adds `doctor` to the program. */
export function addDoctorCommand(program: Command): void {
  addCommand(program, {
    name: 'doctor',
    summary: 'check prerequisites, ports, configuration, services and models',
    description:
      'Checks what Winnow needs on this machine and whether the configured services answer. Each\n' +
      'finding comes with what to do about it. Ends with status 1 when a check failed.',
    examples: ['winnow doctor', 'winnow doctor --profile cluster --json'],
  }).action(async (options: SharedOptions) => {
    const context = await readContext(options)
    const { terminal, paths } = context
    const checks = await runDoctor({
      stateDir: paths.state,
      cacheDir: paths.cache,
      extraChecks: [
        () => Promise.resolve(checkSecrets(context)),
        () => reachability('Kafka', 'kafka.brokers', () => pingBroker(createKafka(context.config))),
        () => reachability('schema registry', 'registry.url', () => pingRegistry(context)),
        () => reachability('ClickHouse', 'clickhouse.url', () => pingAnalytics(context)),
        () => checkBase(context),
        () => checkModel(context),
      ],
    })
    const marks = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const
    for (const { name, state, detail, mend } of checks) {
      const [color, mark] = marks[state]
      terminal.say(`${terminal.style(color, mark)} ${name}: ${detail}`)
      if (mend !== undefined) terminal.say(terminal.style('dim', `    ${mend}`))
    }
    terminal.document(checks)
    const failed = checks.filter((check) => check.state === 'fail')
    if (failed.length > 0) {
      throw new WinnowError(
        'prerequisite_missing',
        `${failed.length} of ${checks.length} checks failed: ${failed.map((check) => check.name).join(', ')}`,
      )
    }
  })
}

/** A service that is away is a warning: it may not have been started yet. */
async function reachability(
  name: string,
  setting: string,
  check: () => Promise<void>,
): Promise<DoctorCheck> {
  try {
    await check()
    return { name, state: 'ok', detail: 'answers' }
  } catch (error) {
    return {
      name,
      state: 'warn',
      detail: errorMessage(error),
      mend: `Start the embedded stack with \`winnow up\`, or set ${setting} to your own.`,
    }
  }
}

async function pingAnalytics({ config }: CommandContext): Promise<void> {
  const analytics = createAnalytics(config.clickhouse, { database: undefined })
  try {
    await analytics.ping()
  } finally {
    await analytics.close()
  }
}

async function pingRegistry({ config }: CommandContext): Promise<void> {
  await openSchemas(config.registry, config.topics.prefix)
}

function checkSecrets({ config }: CommandContext): DoctorCheck[] {
  return plainSecrets(config).map(({ danger, advice }) => ({
    ...{ name: 'passwords', state: 'warn', detail: danger },
    mend: `${advice[0]!.toUpperCase()}${advice.slice(1)}.`,
  }))
}

async function checkBase({ paths }: CommandContext): Promise<DoctorCheck> {
  const name = 'base encoders'
  const bases = await listBases({ storeDir: paths.store })
  const damaged = bases.filter((base) => base.state === 'damaged').map((base) => base.name)
  const present = bases.filter((base) => base.state === 'present').map((base) => base.name)
  if (damaged.length > 0) {
    const mend = `Fetch it again: winnow base pull ${damaged[0]!}`
    return { name, state: 'fail', detail: `${damaged.join(', ')} is damaged`, mend }
  }
  if (present.length > 0) {
    return { name, state: 'ok', detail: `${present.join(', ')} in ${paths.store}` }
  }
  const mend = `Training needs one: winnow base pull ${bases[0]!.name}`
  return { name, state: 'warn', detail: `none in ${paths.store}`, mend }
}

async function checkModel({ config, paths }: CommandContext): Promise<DoctorCheck> {
  const name = 'model to serve'
  const ref = config.inference.model
  try {
    const { manifest } = await openVersion({ ref, storeDir: paths.store })
    return { name, state: 'ok', detail: `${manifest.name}@${manifest.version} is whole` }
  } catch (error) {
    const missing = error instanceof WinnowError && error.code === 'model_not_found'
    const mend = `Train it (winnow train --data FILE.jsonl --name ${ref}), or set inference.model.`
    return { name, state: missing ? 'warn' : 'fail', detail: errorMessage(error), mend }
  }
}
