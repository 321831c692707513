// The field `cascade` of a manifest: the small model that answers easy texts, and from which
// probability on. trainers/cascade/ chooses the thresholds; models/cascade/ is the small model
// itself.
import { z } from 'zod'

/** The file of the small model in the folder of a version. */
export const smallModelFileName = 'small-model.safetensors'

/**
 * What was found on held-out texts, on which neither the small model nor its thresholds were
 * fitted.
 */
const riskSchema = z.object({
  /** The most accuracy that may be lost against the full model, as a fraction of all texts. */
  max: z.number().min(0).max(1),
  /** The probability with which the bound holds. */
  confidence: z.number().min(0).max(1),
  /** The upper bound of what is lost. */
  bound: z.number().min(0).max(1),
  /**
   * What counts as lost: an answer of the small model that is wrong while the full model is right,
   * or, without labels, every answer that differs from the full model's.
   */
  counted: z.enum(['wrong answers', 'different answers']),
  /** Held-out texts, and how many of them are lost. */
  texts: z.int().min(1),
  lost: z.int().min(0),
})

/** The field `cascade` of a manifest. */
export const cascadeSchema = z.object({
  /** The hash of small-model.safetensors. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal'),
  /** The version that answers the other texts, which has the same model.onnx. */
  full: z.string().min(1),
  /** Divides the logits of the small model before the softmax. */
  temperature: z.number().positive(),
  /**
   * In the order of the labels: the probability from which the small model answers with the label;
   * null if it never does.
   */
  thresholds: z.array(z.number().min(0).max(1).nullable()),
  /** The fraction of held-out texts that the small model answers. */
  answered: z.number().min(0).max(1),
  risk: riskSchema,
  /** On the held-out texts; null without labels. */
  accuracy: z.object({ full: z.number(), cascade: z.number() }).nullable(),
})

/** The small model of a version, as its manifest describes it. */
export type CascadeSection = z.output<typeof cascadeSchema>
