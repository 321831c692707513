// Classifies the texts of a file or of standard input offline, in order and in bounded memory for
// inputs of any size. It owns the output line of a row; trainers/files/ reads the formats.
import { availableParallelism } from 'node:os'
import type { Classifier } from '../../models/inference/classifier.ts'
import type { AbstentionMode } from '../../models/store/abstention-rule.ts'
import type { SpawnThread } from '../../models/inference/session-thread.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import type { AskedDevice } from '../../models/devices/device.ts'
import { openVersionModel } from '../../models/inference/version-model.ts'
import type { AnsweredBy } from '../../schemas/classification.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  emptyLine,
  textRows,
  type EmptyLine,
  type TextRow,
  type TextRowsOptions,
} from './text-rows.ts'

/** One output line of the command `classify`. */
export type ClassifiedLine = {
  /** The record's own id, or else the number of its line, row or item. */
  readonly id: string
  readonly label: string
  /** Probability of the most probable label. */
  readonly score: number
  /** All labels that apply; a multi-label model may give several or none. */
  readonly labels: readonly string[]
  /** The out-of-scope score, 0 to 1: how far the text is from what the model knows. */
  readonly outOfScope: number
  readonly probabilities: Readonly<Record<string, number>>
  /** Tokens read, special ones included. */
  readonly tokens: number
  /** Whether the text was longer than the model reads. */
  readonly truncated: boolean
  /** The model of a cascade that answered, `small` or `full`; empty for other versions. */
  readonly answeredBy: AnsweredBy
}

/** A text as it was classified, after cleaning, with its output line. */
export type ClassifiedText = { readonly text: string; readonly line: ClassifiedLine | EmptyLine }

/** The figures of `classify --stats`; `seconds` counts from when the model is loaded. */
export type ClassifyStats = {
  readonly texts: number
  /** Texts by the model of a cascade that answered; absent for other versions. */
  readonly answeredBy?: { readonly small: number; readonly full: number } | undefined
  readonly tokens: number
  readonly paddedTokens: number
  readonly seconds: number
  readonly textsPerSecond: number
  readonly tokensPerSecond: number
  readonly loadSeconds: number
  readonly peakRssBytes: number
}

/** The options of `classifyTexts`. */
export type ClassifyTextsOptions = TextRowsOptions & {
  readonly version: ModelVersion
  /** The number of threads. Default: one per core. */
  readonly workers?: number | undefined
  /** Padded tokens per batch. */
  readonly batchTokens?: number | undefined
  /** With `on`, out-of-scope texts get the label `winnow.none`. Default `off`. */
  readonly abstention?: AbstentionMode | undefined
  /** What computes the model. Default: the processor. */
  readonly device?: AskedDevice | undefined
  /** Starts a thread, or returns one that was started in advance. */
  readonly spawn?: SpawnThread | undefined
  /** Called once, after the last text. */
  readonly onStats?: ((stats: ClassifyStats) => void) | undefined
}

/**
 * Yields one result per text, in order; an empty text gets an error in place of a label.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `cancelled`; and
 * `model_incompatible` for a text whose result is not finite.
 *
 * @example
 * const files = ['mails.csv']
 * for await (const { line } of classifyTexts({ version, files, access: {} })) console.log(line)
 */
export async function* classifyTexts(
  options: ClassifyTextsOptions,
): AsyncGenerator<ClassifiedText, void, undefined> {
  const { version, batchTokens, workers = availableParallelism() } = options
  const rows = textRows(options)
  const first = rows.next()
  // Errors in a file are reported before the model is loaded. Standard input may be a terminal, so
  // its first row is not awaited.
  if (!options.files.includes('-')) await first
  first.catch(() => undefined)
  const started = performance.now()
  const { classifier } = await openVersionModel({
    version,
    workers,
    device: options.device,
    batchTokens,
    abstention: options.abstention,
    spawn: options.spawn,
    readyWith: 'first',
  })
  const loaded = performance.now()
  try {
    const all = async function* (): AsyncGenerator<InputRow> {
      for (let next = await first; next.done !== true; next = await rows.next()) yield next.value
    }
    yield* classifyRows(classifier, all())
    const seconds = (performance.now() - loaded) / 1_000
    const { small, ...full } = classifier.stats()
    const count = full.texts + small.texts
    const tokens = full.tokens + small.tokens
    const { paddedTokens } = full
    options.onStats?.({
      texts: count,
      ...(version.manifest.cascade && {
        answeredBy: { small: small.texts, full: full.texts },
      }),
      tokens,
      paddedTokens,
      seconds,
      textsPerSecond: count / seconds,
      tokensPerSecond: tokens / seconds,
      loadSeconds: (loaded - started) / 1_000,
      // Node reports kibibytes.
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    })
  } finally {
    await rows.return(undefined)
    await classifier.close()
  }
}

/** A text to classify. */
export type InputRow = Omit<TextRow, 'given'>

/**
 * Yields one result per row, in order, with a classifier that is open; an empty text gets an error
 * in place of a label.
 *
 * @throws WinnowError `dataset_invalid`, which names the place of a text whose result is not
 * finite; and what the rows throw.
 */
export async function* classifyRows(
  classifier: Classifier,
  rows: AsyncIterable<InputRow>,
): AsyncGenerator<ClassifiedText, void, undefined> {
  // The rows that are being classified, in order. The classifier adds rows as it reads ahead.
  const pending: InputRow[] = []
  const texts = async function* (): AsyncGenerator<string> {
    for await (const row of rows) {
      pending.push(row)
      if (!row.isEmpty) yield row.text
    }
  }
  const emptyLines = function* (): Generator<ClassifiedText> {
    while (pending[0]?.isEmpty === true) yield emptyText(pending.shift()!)
  }
  for await (const { outcome, tokens, truncated } of classifier.classifyAll(texts())) {
    yield* emptyLines()
    const { id, text, place } = pending.shift()!
    if (outcome.kind === 'rejected') {
      throw new WinnowError('dataset_invalid', `${place}: ${outcome.error.message}`)
    }
    const { label, labels, probabilities, answeredBy } = outcome
    const named = Object.fromEntries(
      classifier.labels.map((name, i) => [name, shortFloat32(probabilities[i]!)]),
    )
    const score = shortFloat32(outcome.score)
    const outOfScope = shortFloat32(outcome.outOfScope)
    const shown = { id, label, score, labels, outOfScope, probabilities: named }
    yield { text, line: { ...shown, tokens, truncated, answeredBy } }
  }
  yield* emptyLines()
}

function emptyText({ id, text }: InputRow): ClassifiedText {
  return { text, line: emptyLine(id) }
}

/** Nine digits represent a float32 exactly; printed as a double, it would have seventeen. */
function shortFloat32(value: number): number {
  return Number(value.toPrecision(9))
}
