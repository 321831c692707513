// `winnow doctor`: checks the machine, the configuration and the services, with a fix for each
// finding.
import type { Command } from 'commander'
import { chosenProfile } from '../../configs/load.ts'
import { plainSecrets } from '../../configs/plain-secrets.ts'
import { checkPort, runDoctor, type DoctorCheck } from '../../infra/local/machine-checks.ts'
import { hasRegistry } from '../../infra/schema-registry/registry.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { encoderIdentity, sharingLines } from '../../models/inference/encoder-identity.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { listBases } from '../../models/bases/base-store.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { readContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { checkKafka } from '../../serving/checks/kafka-checks.ts'
import { checkProvider } from '../../serving/checks/provider-checks.ts'
import { checkRegistry } from '../../serving/checks/registry-checks.ts'
import { openObjects } from '../../serving/publishing.ts'
import { readService } from '../../serving/service-record.ts'
import { addCommand } from '../shared-options.ts'
import { checkClickHouse } from '../../serving/checks/clickhouse-checks.ts'

/** Adds `doctor` to the program. */
export function addDoctorCommand(program: Command): void {
  addCommand(program, {
    name: 'doctor',
    summary: 'check prerequisites, ports, configuration, services and models',
    description:
      'Checks what Winnow needs on this machine and whether the configured services answer. Each\n' +
      'finding says what to do about it. What only the embedded stack needs is checked with the profile\n' +
      'local. Exits with status 1 if a check failed.',
    examples: ['winnow doctor', 'winnow doctor --profile cluster --json'],
  }).action(async (options: SharedOptions) => {
    const context = await readContext(options)
    const { terminal, paths, config } = context
    const { kafkaPort, registryPort, analyticsPort } = config.local
    const isJsonOnly = !hasRegistry(config.registry)
    const checks = await runDoctor({
      stateDir: paths.state,
      cacheDir: paths.cache,
      modelStoreDir: paths.store,
      ports:
        chosenProfile(options.profile) === 'local'
          ? {
              kafka: kafkaPort,
              ...(isJsonOnly ? {} : { registry: registryPort }),
              analytics: analyticsPort,
            }
          : undefined,
      extraChecks: [
        () => checkGatewayPort(context),
        () => Promise.resolve(checkSecrets(context)),
        () => checkKafka(context.config),
        () => checkRegistry(context.config),
        () => checkClickHouse(config.clickhouse),
        () => checkStore(context),
        () => checkBase(context),
        () => checkModels(context),
        () => checkProvider(config.inference),
      ],
    })
    const marks = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const
    for (const { name, state, detail, fix } of checks) {
      const [color, mark] = marks[state]
      terminal.say(`${terminal.style(color, mark)} ${name}: ${detail}`)
      if (fix !== undefined) terminal.say(terminal.style('dim', `    ${fix}`))
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

/**
 * Whether the gateway's port is free. Unlike the embedded services, the gateway never picks another
 * port.
 */
async function checkGatewayPort({ config, paths }: CommandContext): Promise<DoctorCheck> {
  const { port } = config.gateway
  const running = await readService(paths.state, 'gateway')
  if (running !== undefined && new URL(running.url).port === String(port)) {
    return { name: `port ${port} (gateway)`, state: 'ok', detail: 'used by the running gateway' }
  }
  const fix = 'Stop that program, or set gateway.port to another port (0 picks a free one).'
  return checkPort({ service: 'gateway', port, fix })
}

/** Checks the artifact store that versions are published to. */
async function checkStore({ config }: CommandContext): Promise<DoctorCheck> {
  const name = 'artifact store'
  const { kind, path, bucket } = config.store
  if (kind === 'local') return { name, state: 'ok', detail: 'not used (store.kind is local)' }
  const where = kind === 'folder' ? `folder ${path ?? ''}` : `bucket ${bucket ?? ''}`
  try {
    const objects = await openObjects(config.store)
    try {
      await objects?.list('doctor/')
    } finally {
      objects?.close()
    }
    return { name, state: 'ok', detail: `${where} answers` }
  } catch (error) {
    const fix = 'Check the settings under store, and that this user may read and write there.'
    return { name, state: 'fail', detail: `${where}: ${errorMessage(error)}`, fix }
  }
}

function checkSecrets({ config }: CommandContext): DoctorCheck[] {
  return plainSecrets(config).map(({ danger, advice }) => ({
    name: 'passwords',
    state: 'warn',
    detail: danger,
    fix: `${advice[0]!.toUpperCase()}${advice.slice(1)}.`,
  }))
}

async function checkBase({ paths }: CommandContext): Promise<DoctorCheck> {
  const name = 'base encoders'
  const bases = await listBases({ storeDir: paths.store })
  const damaged = bases.filter((base) => base.state === 'damaged').map((base) => base.name)
  const present = bases.filter((base) => base.state === 'present').map((base) => base.name)
  if (damaged.length > 0) {
    const fix = `Fetch it again with \`winnow base pull ${damaged[0]!}\`.`
    return { name, state: 'fail', detail: `${damaged.join(', ')} is damaged`, fix }
  }
  if (present.length > 0) {
    return { name, state: 'ok', detail: `${present.join(', ')} in ${paths.store}` }
  }
  const fix = `Training needs one: fetch it with \`winnow base pull ${bases[0]!.name}\`.`
  return { name, state: 'warn', detail: `none in ${paths.store}`, fix }
}

/** The models that services serve, and which of them share an encoder. */
async function checkModels({ config, paths }: CommandContext): Promise<DoctorCheck[]> {
  const { model, models } = config.inference
  const refs = [...new Set([model, ...models])]
  const found = []
  for (const ref of refs) {
    const name = refs.length === 1 ? 'model to serve' : `model ${ref}`
    found.push(await checkModel({ name, ref, storeDir: paths.store }))
  }
  const checks = found.map(({ check }) => check)
  if (models.length === 1) return checks
  const encoded = found.flatMap(({ version }, at) =>
    version !== undefined && models.includes(refs[at]!) ? [version] : [],
  )
  const shared = []
  for (const version of encoded) {
    const identity = await encoderIdentity(version)
    shared.push({ ref: version.ref, encoder: identity?.sha256 })
  }
  const detail = sharingLines(shared).join('; ')
  return [...checks, { name: 'encoders', state: 'ok', detail }]
}

async function checkModel(wanted: {
  readonly name: string
  readonly ref: string
  readonly storeDir: string
}): Promise<{ check: DoctorCheck; version?: ModelVersion }> {
  const { name, ref, storeDir } = wanted
  try {
    const version = await openVersion({ ref, storeDir })
    const detail = `the files of ${version.ref} match their hashes`
    return { check: { name, state: 'ok', detail }, version }
  } catch (error) {
    const missing = error instanceof WinnowError && error.code === 'model_not_found'
    const [model] = ref.split('@')
    const fix =
      `Train it with \`winnow train --data FILE --name ${model}\`, ` +
      'or set inference.model or inference.models to another model.'
    const state = missing ? 'warn' : 'fail'
    return { check: { name, state, detail: errorMessage(error), fix } }
  }
}
