// Shows which words of a text led a model to its label. models/explain/ computes the attributions;
// the command `explain` calls the same function.
import {
  openExplainer as openVersionExplainer,
  type Explainer,
  type ExplainerOptions,
} from '../models/explain/explain-text.ts'
import type { ExplainRequest, Explanation } from '../models/explain/explanation.ts'
import type { SamplingOptions } from '../models/explain/shapley.ts'
import { openVersion } from '../models/store/version-store.ts'
import { workersOf } from '../serving/model.ts'
import { resolveContext, type Context, type WinnowOptions } from './context.ts'

/** The options of {@link openExplainer}. */
export type OpenExplainerOptions = WinnowOptions &
  SamplingOptions & {
    /** NAME, NAME@VERSION or NAME@champion. */
    readonly model: string
  }

/** An open model that explains labels. It holds threads and memory until it is closed. */
export type TextExplainer = {
  /** `name@version`. */
  readonly model: string
  /**
   * Explains one text. Throws `usage` for an empty text, a label that the model does not have, and
   * integrated gradients of a model that has none; and `cancelled` after `signal` aborts.
   */
  explain: Explainer['explain']
  /** Ends the threads. */
  close(): Promise<void>
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a model to explain many texts.
 *
 * @throws WinnowError `model_not_found`, `model_corrupt`, `model_incompatible`, `session_failed`.
 *
 * @example
 * await using explainer = await openExplainer({ model: 'tickets' })
 * const { words } = await explainer.explain({ text: 'Where is my parcel?' })
 */
export async function openExplainer(options: OpenExplainerOptions): Promise<TextExplainer> {
  return openExplainerIn(await resolveContext(options), options)
}

/** `openExplainer` in a context. */
export async function openExplainerIn(
  context: Pick<Context, 'config' | 'paths'>,
  { model, seed, samplesMax }: SamplingOptions & { readonly model: string },
): Promise<TextExplainer> {
  const version = await openVersion({ ref: model, storeDir: context.paths.store })
  return openExplainerOf(context, { version, seed, samplesMax })
}

/** Opens a version to explain texts; they are cleaned by `steps`, by default as in the stream. */
export async function openExplainerOf(
  { config }: Pick<Context, 'config'>,
  options: Pick<ExplainerOptions, 'version' | 'seed' | 'samplesMax'> &
    Partial<Pick<ExplainerOptions, 'steps'>>,
): Promise<TextExplainer> {
  const { explain, close } = await openVersionExplainer({
    workers: workersOf(config.inference),
    batchTokens: config.inference.batchTokens,
    steps: config.cleaning.steps,
    ...options,
  })
  return { model: options.version.ref, explain, close, [Symbol.asyncDispose]: close }
}

/** The options of {@link explain}. */
export type ExplainOptions = OpenExplainerOptions & ExplainRequest

/**
 * Attributes the log-odds of a label to the words and tokens of a text; `start` and `end` are
 * UTF-16 offsets into the given text. It opens the model and closes it; to explain many texts, open
 * it once with `openExplainer`.
 *
 * @throws WinnowError `usage`, and as `openExplainer`.
 *
 * @example
 * const { label, words } = await explain({ model: 'tickets', text: 'Where is my parcel?' })
 * for (const { text, attribution } of words) console.log(text, attribution.toFixed(2))
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const explainer = await openExplainer(options)
  try {
    const { text, label, method } = options
    return await explainer.explain({ text, label, method })
  } finally {
    await explainer.close()
  }
}
