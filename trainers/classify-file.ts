// Classifies the lines of a file or of standard input offline, in order and in bounded memory at any
// size. It owns what a line means and what comes out for it; bytes are text-lines.ts.
import { availableParallelism } from 'node:os'
import type { AbstentionMode } from '../models/abstention.ts'
import type { SpawnThread } from '../models/session-thread.ts'
import type { ModelVersion } from '../models/version-files.ts'
import { openVersionModel } from '../models/version-model.ts'
import { parseJsonObject } from './jsonl-rows.ts'
import { fieldProblem, recordId } from './source-row.ts'
import { lineError, readTextLines, type ByteSource } from './text-lines.ts'

/** One output line of the command `classify`. */
export type ClassifiedLine = {
  /** The record's own id, else the number of its line. */
  readonly id: string
  readonly label: string
  /** Probability of the most probable label. */
  readonly score: number
  /** All labels that apply: several, or none, with a multi-label model. */
  readonly labels: readonly string[]
  /** How far the text is from what the model knows, 0 to 1. */
  readonly outOfScope: number
  readonly probabilities: Readonly<Record<string, number>>
  /** Tokens read, special ones included. */
  readonly tokens: number
  /** Whether the text was longer than the model reads. */
  readonly truncated: boolean
}

/** The figures of `classify --stats`; `seconds` begins when the model is loaded. */
export type ClassifyStats = {
  readonly texts: number
  readonly tokens: number
  readonly paddedTokens: number
  readonly seconds: number
  readonly textsPerSecond: number
  readonly tokensPerSecond: number
  readonly loadSeconds: number
  readonly peakRssBytes: number
}

export type ClassifyLinesOptions = {
  readonly version: ModelVersion
  readonly source: ByteSource
  /** `json`: {text, id?} a line; `text`: one text a line; `detect` looks at the first line. */
  readonly format?: 'json' | 'text' | 'detect' | undefined
  /** Applied to each text first. Default: nothing. */
  readonly clean?: ((text: string) => string) | undefined
  /** Threads. Default: one a core. */
  readonly workers?: number | undefined
  /** Padded tokens of a batch. */
  readonly batchTokens?: number | undefined
  /** With `on`, texts out of scope get the label `winnow.none`. Default `off`. */
  readonly abstention?: AbstentionMode | undefined
  /** Starts threads; a spare one may be there already. */
  readonly spawn?: SpawnThread | undefined
  /** Called once, after the last line. */
  readonly onStats?: ((stats: ClassifyStats) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Yields one result a line that is not blank, in order.
 *
 * @throws WinnowError `dataset_invalid` naming file and line, `cancelled`, `model_incompatible`
 * for a text whose result is not finite.
 *
 * @example
 * const source = { name: 'stdin', bytes: process.stdin }
 * for await (const line of classifyLines({ version, source })) console.log(JSON.stringify(line))
 */
export async function* classifyLines(
  options: ClassifyLinesOptions,
): AsyncGenerator<ClassifiedLine, void, undefined> {
  const { version, source, batchTokens, workers = availableParallelism() } = options
  const started = performance.now()
  const { classifier } = await openVersionModel({
    ...{ version, workers, batchTokens, abstention: options.abstention },
    ...{ spawn: options.spawn, readyWith: 'first' },
  })
  const loaded = performance.now()
  // Lines that are being classified: filled as the classifier reads ahead, emptied in order.
  const pending: InputLine[] = []
  const texts = async function* (): AsyncGenerator<string> {
    for await (const line of inputLines(options)) {
      pending.push(line)
      yield options.clean?.(line.text) ?? line.text
    }
  }
  try {
    for await (const { outcome, tokens, truncated } of classifier.classifyAll(texts())) {
      const { id, number } = pending.shift()!
      if (outcome.kind === 'rejected') throw lineError({ source, number }, outcome.error.message)
      const { label, labels, probabilities } = outcome
      const named = Object.fromEntries(
        classifier.labels.map((name, i) => [name, shortFloat32(probabilities[i]!)]),
      )
      const score = shortFloat32(outcome.score)
      const outOfScope = shortFloat32(outcome.outOfScope)
      yield { id, label, score, labels, outOfScope, probabilities: named, tokens, truncated }
    }
    const seconds = (performance.now() - loaded) / 1_000
    const { texts: count, tokens, paddedTokens } = classifier.stats()
    options.onStats?.({
      ...{ texts: count, tokens, paddedTokens, seconds },
      textsPerSecond: count / seconds,
      tokensPerSecond: tokens / seconds,
      loadSeconds: (loaded - started) / 1_000,
      // Node gives kibibytes.
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    })
  } finally {
    await classifier.close()
  }
}

type InputLine = { readonly id: string; readonly number: number; readonly text: string }

async function* inputLines(options: ClassifyLinesOptions): AsyncGenerator<InputLine> {
  const { source, signal } = options
  let format = options.format ?? 'detect'
  for await (const { number, text } of readTextLines(source, { signal })) {
    if (format === 'detect') format = isJsonObject(text) ? 'json' : 'text'
    const place = { source, number }
    yield format === 'json' ? jsonLine(text, place) : { id: String(number), number, text }
  }
}

function jsonLine(line: string, place: { source: ByteSource; number: number }): InputLine {
  const record = parseJsonObject(line, place)
  const text = record['text']
  if (typeof text !== 'string') throw lineError(place, fieldProblem('text', text, 'a string'))
  return { id: recordId(record['id']) ?? String(place.number), number: place.number, text }
}

function isJsonObject(line: string): boolean {
  if (!line.trimStart().startsWith('{')) return false
  try {
    const parsed: unknown = JSON.parse(line)
    return typeof parsed === 'object' && parsed !== null
  } catch {
    return false
  }
}

/** Nine digits hold a float32 exactly; the double behind it would print seventeen. */
function shortFloat32(value: number): number {
  return Number(value.toPrecision(9))
}
