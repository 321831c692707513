// The manifest of a model version: what it is, what it needs and what was measured of it. Reading
// it from disk and checking the hashes it promises is models/store/version-files.ts.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { abstentionSchema } from './abstention-rule.ts'

/** Names that are safe as a folder, as a Kafka key and before the `@` of a reference. */
export const modelNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal')

/**
 * How the weights of a graph are stored; the narrowest of them gives it the name. Own models are
 * fp32, the others come from imports.
 */
export const precisions = [
  ...(['fp32', 'fp16', 'int8', 'int4'] as const),
  ...(['fp64', 'bf16', 'fp8', 'fp4', 'nf4', 'int2'] as const),
] as const
export type Precision = (typeof precisions)[number]

/** `manifest.json` of a model version. Fields that a later release adds are kept, not refused. */
export const manifestSchema = z
  .looseObject({
    /** Raised when a reader of the old format could misread the new one. */
    formatVersion: z.literal(1),
    name: z.string().regex(modelNamePattern),
    /** Counts up from '1' for each name. */
    version: z.string().regex(/^[1-9][0-9]{0,9}$/),
    /** In the order of the logits. */
    labels: z
      .array(z.string().min(1))
      .min(1)
      .refine((labels) => new Set(labels).size === labels.length, 'labels must differ'),
    /** The base encoder's name, or where an imported model came from. */
    base: z.string().min(1),
    method: z.enum(['head', 'partial', 'full', 'import']),
    /** Of tokenizer.json beside the manifest; token ids are bound to it. */
    tokenizerSha256: sha256,
    /**
     * Imported: who turns text into ids, Winnow's own scanner or the library
     * @huggingface/tokenizers. Ids of the library were compared with those of `golden.json`, and
     * with nothing else.
     */
    tokenizerEngine: z.enum(['own', 'library']).optional(),
    /** Of model.onnx beside the manifest. */
    graphSha256: sha256,
    /**
     * Of model.onnx_data beside it, where the weights of the encoder lie in a file of their own.
     */
    weightsSha256: sha256.optional(),
    precision: z.enum(precisions),
    /** Tokens, special ones included, at which a text is cut. */
    maxTokens: z.int().min(3).max(8192),
    pooling: z.enum(['mean', 'cls', 'layer-means']),
    /** Width of the pooled embedding. */
    hidden: z.int().min(1),
    /** What labels are to one text: exactly one applies (the default), or any number of them. */
    task: z.enum(['single-label', 'multi-label']).optional(),
    /** Multi-label: the probability from which each label applies, in the order of the labels. */
    thresholds: z.array(z.number().min(0).max(1)).optional(),
    /**
     * Whether texts may share a batch (the default). An imported graph may give other last bits, or
     * with quantised activations other labels, for a text that is not alone.
     */
    batching: z.enum(['shared', 'one by one']).optional(),
    /** Divides the logits before the softmax, for calibrated probabilities. */
    temperature: z.number().positive().default(1),
    /**
     * How the probabilities were calibrated: `temperature` was fitted on held-out examples and is
     * part of the head's weights already; errors are of the examples that `metrics` is about.
     */
    calibration: z
      .object({ temperature: z.number().positive(), eceBefore: z.number(), eceAfter: z.number() })
      .optional(),
    /** When a text belongs to none of the labels. */
    abstain: abstentionSchema.optional(),
    metrics: z.record(z.string(), z.unknown()),
    /** The run that made it; null for an imported model. */
    trainingRun: z.string().nullable(),
    /** RFC 3339, UTC. */
    created: z.iso.datetime(),
  })
  .refine(
    ({ task, labels, thresholds }) =>
      task !== 'multi-label' ? thresholds === undefined : thresholds?.length === labels.length,
    { path: ['thresholds'], message: 'a multi-label model, and no other, has one for each label' },
  )

/** A checked manifest. */
export type Manifest = z.output<typeof manifestSchema>

/** What the maker of a version says; the store adds name, version, hashes and time. */
export type ManifestDraft = Pick<
  Manifest,
  | 'labels'
  | 'base'
  | 'method'
  | 'precision'
  | 'maxTokens'
  | 'pooling'
  | 'hidden'
  | 'metrics'
  | 'trainingRun'
> &
  Partial<
    Pick<
      Manifest,
      | 'temperature'
      | 'calibration'
      | 'abstain'
      | 'task'
      | 'thresholds'
      | 'batching'
      | 'tokenizerEngine'
    >
  >

/** Most texts of one batch that a version allows; undefined for the classifier's own default. */
export function batchTextsOf(
  { batching }: Pick<Manifest, 'batching'>,
  configured?: number,
): number | undefined {
  return batching === 'one by one' ? 1 : configured
}

/**
 * Parses the text of a manifest. Throws WinnowError 'model_corrupt' naming `path`, the field and
 * the rule, or 'model_incompatible' for a format that only a later release reads.
 */
export function parseManifest(text: string, path: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new WinnowError('model_corrupt', `${path} is not valid JSON.`, {
      cause,
      details: { path },
    })
  }
  const format = z.object({ formatVersion: z.int().min(2) }).safeParse(value)
  if (format.success) {
    throw new WinnowError(
      'model_incompatible',
      `${path} has format ${format.data.formatVersion}; this release of Winnow reads format 1.`,
      { details: { path, formatVersion: format.data.formatVersion } },
    )
  }
  const parsed = manifestSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => issueSentence(issue, value))
  throw new WinnowError('model_corrupt', `${path} is not a manifest: ${issues.join('; ')}`, {
    details: { path, issues },
  })
}
