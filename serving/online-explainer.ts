// Explains labels of the model that serves, for the gateway. One text is explained at a time, in a
// thread of low priority, so that explanations slow neither events nor classification.
import type { Config } from '../configs/schema.ts'
import type { ExplainableModel, OnlineExplainer } from '../gateway/http/dependencies.ts'
import { methodsOf } from '../models/explain/explain-text.ts'
import { createThreadExplainer } from '../models/explain/explainer-thread.ts'
import type { SwappableModel } from '../models/inference/swappable-model.ts'
import type { ThreadPriority } from '../models/runtime/thread-priority.ts'
import type { OpenModel } from './model.ts'

/** Creates the explainer, at the priority `background` by default; the caller closes it. */
export function createOnlineExplainer(
  serving: Pick<SwappableModel<Pick<OpenModel, 'ref' | 'dir' | 'manifest' | 'close'>>, 'current'>,
  config: Pick<Config, 'gateway' | 'inference' | 'cleaning'>,
  { priority }: { readonly priority?: ThreadPriority } = {},
): OnlineExplainer & { close(): Promise<void> } {
  const explainer = createThreadExplainer({
    steps: config.cleaning.steps,
    batchTokens: config.inference.batchTokens,
    queueMax: config.gateway.explainQueueMax,
    priority,
  })
  return {
    hasRoom: () => explainer.hasRoom(),
    current(): ExplainableModel {
      const { ref, dir, manifest } = serving.current
      return {
        model: ref,
        labels: manifest.labels,
        methods: methodsOf(manifest),
        explain: (request, options) => explainer.explain({ dir }, request, options),
      }
    },
    close: () => explainer.close(),
  }
}
