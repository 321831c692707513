// What `winnow doctor` finds out about the configured schema registry: whether it answers with
// these settings, whether its schemas fit, how far its clock differs.
import type { Config } from '../../configs/schema.ts'
import type { DoctorCheck } from '../../infra/local/machine-checks.ts'
import { checkSchemas, hasRegistry, pingRegistry } from '../../infra/schema-registry/registry.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { withoutUrlSecrets } from '../../schemas/url-secrets.ts'

/** With a larger difference, tokens look expired and events come from the future. */
const skewMsMax = 5_000

/** Checks the registry that the configuration names; one finding for each step. */
export async function checkRegistry({ registry, topics }: Config): Promise<DoctorCheck[]> {
  const name = 'schema registry'
  if (!hasRegistry(registry)) {
    const detail = 'not used (registry.url is none): all events and results are JSON'
    return [{ name, state: 'ok', detail }]
  }
  const address = withoutUrlSecrets(registry.url)
  let clock: { skewMs: number | undefined }
  try {
    clock = await pingRegistry(registry)
  } catch (error) {
    const said = errorMessage(error)
    const isFinal = error instanceof WinnowError && !error.retryable
    const detail = said.includes(address) ? said : `${address}: ${said}`
    const fix = isFinal
      ? 'Correct the settings under registry; docs/registry.md explains them.'
      : 'Start the embedded stack with `winnow up`, or set registry.url to your own.'
    // An unreachable service is a warning, because it may not have been started yet.
    return [{ name, state: isFinal ? 'fail' : 'warn', detail, fix }]
  }
  const found: DoctorCheck[] = [
    { name, state: 'ok', detail: `answers at ${address} (registry.url)` },
    await schemasCheck(registry, topics.prefix),
  ]
  if (clock.skewMs !== undefined) found.push(clockCheck(clock.skewMs))
  return found
}

async function schemasCheck(registry: Config['registry'], prefix: string): Promise<DoctorCheck> {
  const name = 'registry schemas'
  try {
    const { fitting, missing, refused } = await checkSchemas(registry, prefix)
    if (refused.length > 0) {
      const fix =
        'These subjects hold schemas of somebody else: set topics.prefix to another one, or remove them.'
      return { name, state: 'fail', detail: `incompatible: ${refused.join(', ')}`, fix }
    }
    if (missing.length > 0) {
      const detail = `not registered: ${missing.join(', ')}`
      const fix = 'Register them with `winnow migrate`; `winnow stream` does it at its start too.'
      return { name, state: 'warn', detail, fix }
    }
    return { name, state: 'ok', detail: `all ${fitting.length} are compatible` }
  } catch (error) {
    const fix = 'Give this user the right to read subjects; docs/registry.md lists the rights.'
    return { name, state: 'warn', detail: errorMessage(error), fix }
  }
}

function clockCheck(skewMs: number): DoctorCheck {
  const name = 'clock'
  const seconds = `${(Math.abs(skewMs) / 1_000).toFixed(0)} s`
  if (Math.abs(skewMs) <= skewMsMax) {
    return { name, state: 'ok', detail: `within ${skewMsMax / 1_000} s of the registry's` }
  }
  const detail = `${seconds} ${skewMs > 0 ? 'behind' : 'ahead of'} that of the registry`
  const fix =
    'Let NTP set both: tokens and certificates look invalid, and events come from the future.'
  return { name, state: 'warn', detail, fix }
}
