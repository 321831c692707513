// Explains why a model gave a text its label: attributions of its tokens and words, with their
// places in the text as it was given. integrated-gradients.ts, occlusion.ts and shapley.ts compute
// them.
import { readFile } from 'node:fs/promises'
import { WinnowError } from '../../schemas/errors.ts'
import { cleanText, type CleaningStep } from '../cleaning/clean-text.ts'
import type { Classifier } from '../inference/classifier.ts'
import { openVersionModel, type VersionModelOptions } from '../inference/version-model.ts'
import { foldCleaned } from './cleaned-source.ts'
import {
  explanationMethods,
  type Attribution,
  type Explanation,
  type ExplanationMethod,
  type ExplainRequest,
} from './explanation.ts'
import type { Span } from './folded-text.ts'
import {
  completenessGap,
  hasGradients,
  openGradientModel,
  type GradientModel,
} from './integrated-gradients.ts'
import { logOdds, type OddsOptions } from './label-odds.ts'
import { occlude } from './occlusion.ts'
import { sampleShapley, type Estimate, type SamplingOptions } from './shapley.ts'
import { readTokenPieces, type TokenPieces } from './token-pieces.ts'
import { tokenSpans } from './token-spans.ts'
import { wordGroups, type WordGroup } from './word-groups.ts'

/** A token such as `!!` may stand for several words of one character. */
const wordsPerToken = 2

export type Explainer = {
  /**
   * Explains one text. Throws `usage` for an empty text, a label that the model does not have, and
   * integrated gradients of a model that has none; and `cancelled` after `signal` aborts.
   */
  readonly explain: (
    request: ExplainRequest,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Explanation>
  readonly close: () => Promise<void>
}

export type ExplainerOptions = VersionModelOptions &
  SamplingOptions & {
    /** How texts are cleaned; none for stored texts, which are cleaned already. */
    readonly steps: readonly CleaningStep[]
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
export async function openExplainer(options: ExplainerOptions): Promise<Explainer> {
  const { steps, seed, samplesMax, ...modelOptions } = options
  const { version } = options
  const tokens = readTokenPieces(await readFile(version.tokenizerPath))
  const { classifier } = await openVersionModel(modelOptions)
  let gradients: Promise<GradientModel> | undefined
  const openGradients = (): Promise<GradientModel> => {
    gradients ??= openGradientModel(version, { tokens, threads: options.workers })
    return gradients
  }
  return {
    explain: (request, { signal } = {}) => {
      const sampling = { seed, samplesMax }
      const opened = { version, tokens, classifier, steps, openGradients }
      return explainText(request, { ...opened, sampling, signal })
    },
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
  readonly sampling: SamplingOptions
  readonly signal: AbortSignal | undefined
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
  const found = await attribute(ids, method, { ...context, words, odds })
  const attributed = ({ start, end }: Span, found: FoundValue): Attribution => ({
    text: text.slice(start, end),
    start,
    end,
    ...found,
  })
  const { tokens: ofTokens, words: ofWords, ...how } = found
  return {
    model: version.ref,
    label: manifest.labels[target]!,
    score: probabilities[target]!,
    logOdds: logOdds(logits, odds),
    method,
    ...how,
    truncated,
    tokens: spans.map((span, at) => attributed(span, ofTokens[at]!)),
    words: words.map(({ first, end }, at) =>
      attributed(around(spans.slice(first, end)), ofWords[at]!),
    ),
  }
}

type FoundValue = Pick<Attribution, 'attribution' | 'standardError'>

type Found = Pick<
  Explanation,
  'baseline' | 'baselineLogOdds' | 'steps' | 'permutations' | 'completenessGap'
> & {
  readonly tokens: readonly FoundValue[]
  readonly words: readonly FoundValue[]
}

/** What the methods need of a text. */
type Attributed = Context & { readonly words: readonly WordGroup[]; readonly odds: OddsOptions }

function attribute(
  ids: Int32Array,
  method: Explanation['method'],
  context: Attributed,
): Promise<Found> {
  switch (method) {
    case 'integrated-gradients':
      return integrated(ids, context)
    case 'occlusion':
      return occluded(ids, context)
    case 'shapley':
      return sampled(ids, context)
  }
}

async function integrated(
  ids: Int32Array,
  { openGradients, words, odds, signal }: Attributed,
): Promise<Found> {
  const { tokens, ...how } = await (await openGradients()).integrate(ids, { ...odds, signal })
  return {
    baseline: 'padding',
    ...how,
    permutations: null,
    tokens: tokens.map(plainValue),
    words: words.map(({ first, end }) => plainValue(sum(tokens.slice(first, end)))),
  }
}

async function occluded(ids: Int32Array, context: Attributed): Promise<Found> {
  const { replacement, tokens, words } = await occlude(ids, context)
  return {
    baseline: replacement,
    baselineLogOdds: null,
    steps: null,
    permutations: null,
    completenessGap: null,
    tokens: tokens.map(plainValue),
    words: words.map(plainValue),
  }
}

async function sampled(ids: Int32Array, context: Attributed): Promise<Found> {
  const found = await sampleShapley(ids, { ...context, ...context.sampling })
  const { replacement, permutations, baselineLogOdds, textLogOdds } = found
  const total = sum(found.words.map(({ value }) => value))
  const estimated = ({ value, standardError }: Estimate): FoundValue => ({
    attribution: value,
    standardError,
  })
  return {
    baseline: replacement,
    baselineLogOdds,
    steps: null,
    permutations,
    completenessGap: completenessGap(total, textLogOdds - baselineLogOdds),
    tokens: found.tokens.map(estimated),
    words: found.words.map(estimated),
  }
}

function plainValue(attribution: number): FoundValue {
  return { attribution }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The place from the first to the last of some tokens. */
function around(spans: readonly Span[]): Span {
  return {
    start: Math.min(...spans.map(({ start }) => start)),
    end: Math.max(...spans.map(({ end }) => end)),
  }
}

/** The methods that work for a version. */
export function methodsOf(
  manifest: VersionModelOptions['version']['manifest'],
): readonly ExplanationMethod[] {
  return explanationMethods.filter(
    (method) => method !== 'integrated-gradients' || hasGradients({ manifest }),
  )
}

function methodFor(
  version: VersionModelOptions['version'],
  method: ExplanationMethod,
): Explanation['method'] {
  if (method === 'auto') return hasGradients(version) ? 'integrated-gradients' : 'occlusion'
  if (method === 'integrated-gradients' && !hasGradients(version)) {
    const { method: trained, precision } = version.manifest
    const reason = trained === 'import' ? 'it was imported' : `its weights are ${precision}`
    throw new WinnowError(
      'usage',
      `Winnow has no gradients of ${version.ref}, because ${reason}; use the method occlusion or shapley.`,
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
