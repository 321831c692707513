// Explains why a model gave a text its label: attributions of its tokens and words, with their
// places in the text as it was given. occlusion.ts and integrated-gradients.ts compute them.
import { readFile } from 'node:fs/promises'
import { WinnowError } from '../../schemas/errors.ts'
import { cleanText, type CleaningStep } from '../cleaning/clean-text.ts'
import type { Classifier } from '../inference/classifier.ts'
import { openVersionModel, type VersionModelOptions } from '../inference/version-model.ts'
import { foldCleaned } from './cleaned-source.ts'
import type { Span } from './folded-text.ts'
import { hasGradients, openGradientModel, type GradientModel } from './integrated-gradients.ts'
import { logOdds, type OddsOptions } from './label-odds.ts'
import { occlude } from './occlusion.ts'
import { readTokenPieces, type TokenPieces } from './token-pieces.ts'
import { tokenSpans } from './token-spans.ts'
import { wordGroups, type WordGroup } from './word-groups.ts'

/** The methods; `auto` is integrated gradients where the graph is Winnow's own, else occlusion. */
export const explanationMethods = ['auto', 'integrated-gradients', 'occlusion'] as const
export type ExplanationMethod = (typeof explanationMethods)[number]

/** A token or word: `text` is what stands from `start` to `end` (UTF-16) in the given text. */
export type Attribution = {
  readonly text: string
  readonly start: number
  readonly end: number
  /** In log-odds of the label: positive where it speaks for the label. */
  readonly attribution: number
}

/** Why a text has its label. */
export type Explanation = {
  /** `name@version`. */
  readonly model: string
  readonly label: string
  /** The probability of the label. */
  readonly score: number
  readonly logOdds: number
  readonly method: Exclude<ExplanationMethod, 'auto'>
  /** What the text is compared with: a baseline, or what replaces hidden tokens. */
  readonly baseline: 'padding' | 'mask' | 'unknown' | 'nothing'
  /** The log-odds of the baseline of integrated gradients. */
  readonly baselineLogOdds: number | null
  readonly steps: number | null
  readonly completenessGap: number | null
  /** Whether the end of the text was not read, so that it has no tokens. */
  readonly truncated: boolean
  readonly tokens: readonly Attribution[]
  readonly words: readonly Attribution[]
}

/** A token such as `!!` may stand for several words of one character. */
const wordsPerToken = 2

/** A text to explain. */
export type ExplainRequest = {
  readonly text: string
  /** Default: the label that the model gives. */
  readonly label?: string | undefined
  /** Default `auto`. */
  readonly method?: ExplanationMethod | undefined
}

export type Explainer = {
  /**
   * Explains one text. Throws `usage` for an empty text, a label that the model does not have, and
   * integrated gradients of an imported model.
   */
  readonly explain: (request: ExplainRequest) => Promise<Explanation>
  readonly close: () => Promise<void>
}

/**
 * Opens a version for explanations; texts are cleaned by `steps`, as in the stream. Gradients use
 * as many threads as there are workers, with the same result. The caller closes it. Throws as
 * openVersionModel.
 *
 * @example
 * const explainer = await openExplainer({ version, workers: 1, steps: config.cleaning.steps })
 * const { label, words } = await explainer.explain({ text: 'Where is my parcel?' })
 * await explainer.close()
 */
export async function openExplainer(
  options: VersionModelOptions & { readonly steps: readonly CleaningStep[] },
): Promise<Explainer> {
  const { steps, ...modelOptions } = options
  const { version } = options
  const tokens = readTokenPieces(await readFile(version.tokenizerPath))
  const { classifier } = await openVersionModel(modelOptions)
  let gradients: Promise<GradientModel> | undefined
  const openGradients = (): Promise<GradientModel> => {
    gradients ??= openGradientModel(version, { tokens, threads: options.workers })
    return gradients
  }
  return {
    explain: (request) =>
      explainText(request, { version, tokens, classifier, steps, openGradients }),
    async close() {
      await classifier.close()
      await (await gradients?.catch(() => undefined))?.close()
    },
  }
}

type Context = {
  readonly version: VersionModelOptions['version']
  readonly tokens: TokenPieces
  readonly classifier: Classifier
  readonly steps: readonly CleaningStep[]
  readonly openGradients: () => Promise<GradientModel>
}

async function explainText(request: ExplainRequest, context: Context): Promise<Explanation> {
  const { text } = request
  const { version, tokens, classifier } = context
  const { manifest } = version
  const method = methodFor(version, request.method ?? 'auto')
  const cleaned = cleanText(text, context.steps)
  if (cleaned === '') {
    throw new WinnowError('usage', 'The text is empty, or nothing of it is left after cleaning.')
  }
  const { ids, truncated } = classifier.tokenize(cleaned)
  const outcome = await classifier.classify(ids)
  if (outcome.kind === 'rejected') {
    throw new WinnowError('model_incompatible', outcome.error.message)
  }
  const { probabilities, logits } = outcome
  const target = targetOf(request.label, { version, probabilities })
  const odds: OddsOptions = {
    target,
    temperature: manifest.temperature,
    link: manifest.task === 'multi-label' ? 'sigmoid' : 'softmax',
  }
  const own = ids.subarray(tokens.prefix, ids.length - tokens.suffix)
  const folded = foldCleaned(text, { cleaned, wordsMax: wordsPerToken * ids.length })
  const spans = tokenSpans(own, { folded, original: text, tokens })
  const words = wordGroups(cleaned, spans)
  const found = await attribute(ids, { ...context, method, words, odds })
  const attributed = ({ start, end }: Span, attribution: number): Attribution => ({
    text: text.slice(start, end),
    start,
    end,
    attribution,
  })
  return {
    model: version.ref,
    label: manifest.labels[target]!,
    score: probabilities[target]!,
    logOdds: logOdds(logits, odds),
    method,
    baseline: found.baseline,
    baselineLogOdds: found.baselineLogOdds,
    steps: found.steps,
    completenessGap: found.completenessGap,
    truncated,
    tokens: spans.map((span, at) => attributed(span, found.tokens[at]!)),
    words: words.map(({ first, end }, at) =>
      attributed(around(spans.slice(first, end)), found.words[at]!),
    ),
  }
}

type Found = Pick<Explanation, 'baseline' | 'baselineLogOdds' | 'steps' | 'completenessGap'> & {
  readonly tokens: readonly number[]
  readonly words: readonly number[]
}

async function attribute(
  ids: Int32Array,
  context: Context & {
    method: Explanation['method']
    words: readonly WordGroup[]
    odds: OddsOptions
  },
): Promise<Found> {
  const { method, words, odds } = context
  if (method === 'occlusion') {
    const { replacement, ...found } = await occlude(ids, context)
    const none = { baselineLogOdds: null, steps: null, completenessGap: null }
    return { ...found, ...none, baseline: replacement }
  }
  const integral = await (await context.openGradients()).integrate(ids, odds)
  const sumOf = ({ first, end }: WordGroup): number =>
    integral.tokens.slice(first, end).reduce((total, each) => total + each, 0)
  return { ...integral, baseline: 'padding', words: words.map(sumOf) }
}

/** The place from the first to the last of some tokens. */
function around(spans: readonly Span[]): Span {
  return {
    start: Math.min(...spans.map(({ start }) => start)),
    end: Math.max(...spans.map(({ end }) => end)),
  }
}

function methodFor(
  version: VersionModelOptions['version'],
  method: ExplanationMethod,
): Explanation['method'] {
  if (method === 'auto') return hasGradients(version) ? 'integrated-gradients' : 'occlusion'
  if (method === 'integrated-gradients' && !hasGradients(version)) {
    throw new WinnowError(
      'usage',
      `${version.ref} was imported, so Winnow has no gradients of it; use the method occlusion.`,
    )
  }
  return method
}

/** The index of the label to explain: the given one, else the most probable one. */
function targetOf(
  label: string | undefined,
  model: { version: VersionModelOptions['version']; probabilities: Float32Array },
): number {
  const { version, probabilities } = model
  const { labels: names } = version.manifest
  if (label === undefined) {
    return probabilities.reduce((best, share, at) => (share > probabilities[best]! ? at : best), 0)
  }
  const index = names.indexOf(label)
  if (index >= 0) return index
  throw new WinnowError(
    'usage',
    `${version.ref} has no label '${label}'. It has: ${names.join(', ')}.`,
  )
}
