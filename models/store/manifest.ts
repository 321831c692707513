// The format of manifest.json, which describes a model version. models/store/version-files.ts reads
// it from disk and checks its hashes.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { abstentionSchema } from './abstention-rule.ts'
import { cascadeSchema } from './cascade-section.ts'

/** Model names that are safe as a folder, as a Kafka key and before the `@` of a reference. */
export const modelNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal')

/**
 * How the weights of a graph are stored, named by the narrowest type. Trained models are fp32 or
 * int8; the others are imported.
 */
export const precisions = [
  ...(['fp32', 'fp16', 'int8', 'int4'] as const),
  ...(['fp64', 'bf16', 'fp8', 'fp4', 'nf4', 'int2'] as const),
] as const
export type Precision = (typeof precisions)[number]

/** Which version an int8 version was made from, and how far apart the two are. */
const quantisedSchema = z.object({
  /** The version in fp32, `name@version`. */
  from: z.string(),
  graphSha256: sha256,
  /** How many texts both classified. */
  texts: z.int(),
  /** The share of them with the same labels. */
  agreement: z.number(),
  accuracy: z.number(),
  accuracyBefore: z.number(),
})

/** How an int8 version relates to the version that it was made from. */
export type QuantisedFrom = z.output<typeof quantisedSchema>

/** `manifest.json` of a model version. Unknown fields, from later releases, are accepted. */
export const manifestSchema = z
  .looseObject({
    /** Increased when a reader of the old format could misread the new one. */
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
    /** The hash of tokenizer.json, which determines the token ids. */
    tokenizerSha256: sha256,
    /**
     * For imported models: who turns text into ids, Winnow's own scanner or the library
     * @huggingface/tokenizers. The library's ids were compared only with those in `golden.json`.
     */
    tokenizerEngine: z.enum(['own', 'library']).optional(),
    /**
     * For imported models over pairs of texts: the text that every event is paired with, and
     * whether it is the first or the second. tokenizer.json has its tokens.
     */
    pairedText: z
      .object({ place: z.enum(['first', 'second']), text: z.string().min(1) })
      .optional(),
    /** The hash of model.onnx. */
    graphSha256: sha256,
    /** The hash of model.onnx_data, if the weights of the encoder are in a separate file. */
    weightsSha256: sha256.optional(),
    precision: z.enum(precisions),
    /** The tokens, special ones included, at which texts are truncated. */
    maxTokens: z.int().min(3).max(8192),
    pooling: z.enum(['mean', 'cls', 'layer-means']),
    /** The width of the pooled embedding. */
    hidden: z.int().min(1),
    /** Whether exactly one label applies to a text (the default), or any number of labels. */
    task: z.enum(['single-label', 'multi-label']).optional(),
    /** For multi-label: the probability from which each label applies, in the order of labels. */
    thresholds: z.array(z.number().min(0).max(1)).optional(),
    /**
     * Whether texts may share a batch (the default). In a batch, an imported graph may give other
     * last bits or, with quantised activations, other labels than for a single text.
     */
    batching: z.enum(['shared', 'one by one']).optional(),
    /** Divides the logits before the softmax, for calibrated probabilities. */
    temperature: z.number().positive().default(1),
    /**
     * How the probabilities were calibrated. `temperature` was fitted on held-out examples and is
     * already part of the head's weights. The errors are those on the examples of `metrics`.
     */
    calibration: z
      .object({ temperature: z.number().positive(), eceBefore: z.number(), eceAfter: z.number() })
      .optional(),
    /** The rule for texts that belong to none of the labels. */
    abstain: abstentionSchema.optional(),
    /** For a version that Winnow quantised. */
    quantised: quantisedSchema.optional(),
    /**
     * For a cascade: the small model and when it answers. A release that does not know the field
     * ignores it, so that the full model answers every text.
     */
    cascade: cascadeSchema.optional(),
    metrics: z.record(z.string(), z.unknown()),
    /** The run that trained the version; null for an imported model. */
    trainingRun: z.string().nullable(),
    /** RFC 3339, UTC. */
    created: z.iso.datetime(),
  })
  .refine(
    ({ task, labels, thresholds }) =>
      task !== 'multi-label' ? thresholds === undefined : thresholds?.length === labels.length,
    { path: ['thresholds'], message: 'a multi-label model, and no other, has one for each label' },
  )
  .refine(
    ({ task, labels, cascade }) =>
      cascade === undefined ||
      (task !== 'multi-label' && cascade.thresholds.length === labels.length),
    {
      path: ['cascade', 'thresholds'],
      message: 'a cascade has one for each label, and its model is not multi-label',
    },
  )

/** A checked manifest. */
export type Manifest = z.output<typeof manifestSchema>

/** The text that every event is paired with. */
export type PairedText = NonNullable<Manifest['pairedText']>

/** The fields that the writer of a version gives; the store adds name, version, hashes and time. */
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
      | 'quantised'
      | 'pairedText'
      | 'cascade'
    >
  >

/** The most texts per batch for a version; undefined for the classifier's default. */
export function batchTextsOf(
  { batching }: Pick<Manifest, 'batching'>,
  configured?: number,
): number | undefined {
  return batching === 'one by one' ? 1 : configured
}

/**
 * Parses the text of a manifest. Throws WinnowError 'model_corrupt', which names `path`, the field
 * and the rule, and 'model_incompatible' for the format of a later release.
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
