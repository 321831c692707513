// Opens what the gateway needs to show and control models, runs and labelling.
import type { GatewayOptions } from '../../gateway/app.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { createLabellingReader } from '../../infra/readers/labelling-reader.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import type { OpenResources } from '../open-resources.ts'
import { labellingByOwnId } from '../gateway/stored-ids.ts'
import { openPatientAnalytics } from '../patience.ts'
import { openRegistryWith } from '../publishing.ts'
import { readAnnounced } from './announced-models.ts'
import { createAuditTrail } from './audit-trail.ts'
import { createModelRegistry } from './model-registry.ts'
import { createReadSlots, type ReadSlots } from './read-slots.ts'
import { createRunLibrary } from './run-library.ts'

/** Opens the parts of the gateway that control models; they are closed with `resources`. */
export async function openControl(
  resources: OpenResources,
  options: Parameters<typeof openRegistryWith>[1] & {
    /** `name@version` of the model that the gateway serves. */
    readonly serving: () => string | undefined
  },
): Promise<Pick<GatewayOptions, 'registry' | 'runs' | 'labelling' | 'audit'>> {
  const { config, storeDir, clients, serving, log } = options
  const { analytics } = clients
  const close = (one: { close(): Promise<void> }): Promise<void> => one.close()
  const stop = new AbortController()
  const { signal } = stop
  const patient = resources.add(openPatientAnalytics(config.clickhouse, { log, signal }), close)
  const giveUp = (): void => stop.abort()
  const audit = resources.add(createAuditTrail({ analytics, patient, log, giveUp }), close)
  // Long queries have connections of their own, so that they never hold up other routes.
  const queries = resources.add(createAnalytics(config.clickhouse), close)
  const slots = createReadSlots({ atOnceMax: 3, waitingMax: 24 })
  const registry = await openRegistryWith(resources, options)
  const states = async () => {
    const announced = await readAnnounced(config)
    return announced.kind === 'read' ? announced.states : undefined
  }
  return {
    registry: createModelRegistry({ registry, analytics: queries, serving, slots, states }),
    runs: createRunLibrary(storeDir),
    labelling: inSlots(
      labellingByOwnId(createLabellingReader(queries), storedIds(config.retention)),
      slots,
    ),
    audit,
  }
}

/** The same reader, with a limit on its queries at once. */
function inSlots(reader: LabellingReader, slots: ReadSlots): LabellingReader {
  return {
    candidates: (reason, filter) => slots(() => reader.candidates(reason, filter)),
    similar: (eventId, limit) => slots(() => reader.similar(eventId, limit)),
    agreement: () => slots(() => reader.agreement()),
    suspicious: (filter) => slots(() => reader.suspicious(filter)),
  }
}
