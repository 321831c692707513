// What a manifest needs besides hashes, for tests of the model store that only look at files.
import type { ManifestDraft } from '../../models/store/manifest.ts'

/** A head of two labels over MiniLM, made by the run `run-1`. */
export const spamManifest: ManifestDraft = {
  labels: ['ham', 'spam'],
  base: 'minilm-l6',
  method: 'head',
  precision: 'fp32',
  maxTokens: 256,
  pooling: 'mean',
  hidden: 384,
  metrics: {},
  trainingRun: 'run-1',
}
