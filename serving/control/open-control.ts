// Opens what the gateway needs to show and control models, runs and labelling.
import type { GatewayOptions } from '../../gateway/app.ts'
import { createLabellingReader } from '../../infra/readers/labelling-reader.ts'
import type { OpenResources } from '../open-resources.ts'
import { openPatientAnalytics } from '../patience.ts'
import { openRegistryWith } from '../publishing.ts'
import { readAnnounced } from './announced-models.ts'
import { createAuditTrail } from './audit-trail.ts'
import { createModelRegistry } from './model-registry.ts'
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
  const patient = resources.add(openPatientAnalytics(config.clickhouse, { log }), close)
  const audit = resources.add(createAuditTrail({ analytics, patient, log }), close)
  const registry = await openRegistryWith(resources, options)
  const states = async () => {
    const announced = await readAnnounced(config)
    return announced.kind === 'read' ? announced.states : undefined
  }
  return {
    registry: createModelRegistry({ registry, analytics, serving, states }),
    runs: createRunLibrary(storeDir),
    labelling: createLabellingReader(analytics),
    audit,
  }
}
