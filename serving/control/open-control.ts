// Opens what the gateway needs to show and control models, runs and labelling.
import type { GatewayOptions } from '../../gateway/app.ts'
import { createLabellingReader } from '../../infra/readers/labelling-candidates.ts'
import type { OpenResources } from '../open-resources.ts'
import { openRegistryWith } from '../publishing.ts'
import { createModelRegistry } from './model-registry.ts'
import { createRunLibrary } from './run-library.ts'

/** Opens the parts of the gateway that control models; they are closed with `resources`. */
export async function openControl(
  resources: OpenResources,
  options: Parameters<typeof openRegistryWith>[1] & {
    /** `name@version` of the model that the gateway serves. */
    readonly serving: () => string | undefined
  },
): Promise<Pick<GatewayOptions, 'models' | 'runs' | 'labelling'>> {
  const { storeDir, clients, serving } = options
  const { analytics } = clients
  const registry = await openRegistryWith(resources, options)
  return {
    models: createModelRegistry({ registry, analytics, serving }),
    runs: createRunLibrary(storeDir),
    labelling: createLabellingReader(analytics),
  }
}
