// The objective `ms_per_text`: how long the model of a trial takes to classify one text. Training
// changes weights and not the graph, so the base with the trial's layers and length limit is timed.
import assert from 'node:assert/strict'
import type { Base } from '../../models/bases/base-store.ts'
import type { PooledLayers } from '../../models/graph/encoder.ts'
import { openBaseEncoder } from '../embeddings/frozen-encoder.ts'

/** Texts that are timed, and how often; the first round warms up and does not count. */
const textsMax = 64
const rounds = 7

/**
 * Milliseconds of processor time for one text, alone in its batch, on one thread: tokenizing and
 * encoding, the median of seven rounds over up to 64 of the texts. On an idle machine that is the
 * time by the clock, and other work changes it less. The head adds less than a hundredth.
 *
 * @throws WinnowError as `openBaseEncoder`.
 */
export async function msPerText(options: {
  readonly base: Base
  readonly maxTokens: number
  readonly pooledLayers?: PooledLayers | undefined
  readonly texts: readonly string[]
}): Promise<number> {
  const opened = await openBaseEncoder({ ...options, workers: 1 })
  try {
    const texts = everyNth(options.texts, textsMax)
    assert.ok(texts.length > 0, 'there is a text to time')
    const measured: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const began = process.cpuUsage()
      for (const text of texts) await opened.encoder.embed(opened.encoder.tokenize(text).ids)
      const { user, system } = process.cpuUsage(began)
      if (round > 0) measured.push((user + system) / 1_000 / texts.length)
    }
    return Number(measured.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!.toPrecision(4))
  } finally {
    await opened.close()
  }
}

/** The same measure once per setting: trials that differ in nothing else have the same time. */
export function rememberedTimes(
  shared: Omit<Parameters<typeof msPerText>[0], 'maxTokens' | 'pooledLayers'>,
): (setting: {
  readonly maxTokens: number
  readonly pooledLayers?: PooledLayers | undefined
}) => Promise<number> {
  const times = new Map<string, Promise<number>>()
  return (setting) => {
    const key = `${setting.maxTokens}/${setting.pooledLayers ?? 'last'}`
    const known = times.get(key) ?? msPerText({ ...shared, ...setting })
    times.set(key, known)
    return known
  }
}

/** Texts spread over all of them. */
function everyNth(texts: readonly string[], count: number): string[] {
  const step = Math.max(1, texts.length / count)
  return Array.from(
    { length: Math.min(count, texts.length) },
    (_, index) => texts[Math.floor(index * step)]!,
  )
}
