// Writes model versions of a tiny encoder with three labels into a store, in every shape that
// Winnow writes.
import { buildClassifier, type Head, type PooledLayers } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import type { ManifestDraft } from '../../models/store/manifest.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { writeVersion } from '../../models/store/version-store.ts'
import { tinyHidden, tinyWeights } from './tiny-encoder.ts'
import { tinyTokenizerJson } from './tiny-tokenizer.ts'

/** The shape of the version, and fields of its manifest. */
export type TinyVersionOptions = {
  readonly pooledLayers?: PooledLayers
  readonly pooling?: 'mean' | 'cls'
  readonly normalize?: boolean
  readonly draft?: Partial<ManifestDraft>
}

/** A head of three labels for as many features. */
export function tinyHead(features: number): Head {
  const weight = Float32Array.from({ length: features * 3 }, (_, i) => Math.sin(i * 7 + 1))
  return { from: features, to: 3, weight, bias: Float32Array.of(0.1, -0.2, 0) }
}

/** Writes the next version of the model `tiny`, which has the labels a, b and c. */
export async function writeTinyVersion(
  options: TinyVersionOptions & { readonly storeDir: string },
): Promise<ModelVersion> {
  const { storeDir, pooledLayers = 'last', pooling = 'mean', normalize = true } = options
  const width = pooledLayers === 'every' ? 3 * tinyHidden : tinyHidden
  const shape = { padding: 'lengths', normalize, pooling, pooledLayers } as const
  const graph = buildClassifier(tinyWeights(), tinyHead(width), shape)
  return writeVersion({
    storeDir,
    name: 'tiny',
    manifest: {
      labels: ['a', 'b', 'c'],
      base: 'tiny',
      method: 'head',
      precision: 'fp32',
      maxTokens: 12,
      pooling: pooledLayers === 'every' ? 'layer-means' : pooling,
      hidden: width,
      metrics: {},
      trainingRun: 'none',
      ...options.draft,
    },
    model: { bytes: writeOnnx(graph, { name: 'tiny' }) },
    tokenizer: { bytes: Buffer.from(tinyTokenizerJson()) },
  })
}
