// Classifying through real threads and a tiny model: refusals, callers who leave, values that are
// not numbers, order. Bit-identity on the real base encoder is in determinism.test.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../tests/support/collect.ts'
import { outOfScopeScore, outOfScopeScores } from '../store/abstention-rule.ts'
import {
  poisonId,
  tinyPositions,
  tinyVocabulary,
  writeTinyClassifier,
} from '../../tests/support/tiny-encoder.ts'
import type { BatchRecord } from './batcher.ts'
import {
  openClassifier,
  readLogits,
  type Classifier,
  type ClassifierOptions,
} from './classifier.ts'
import type { TextTokenizer } from './inference.ts'
import { finish } from '../runtime/sliced-work.ts'

let folder: string
let modelPath: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-classifier-'))
  modelPath = join(folder, 'tiny.onnx')
  await writeTinyClassifier(modelPath)
})

afterAll(() => rm(folder, { recursive: true }))

/** One token per word: its length. */
const tokenizer: TextTokenizer = {
  encode: (text, options) => finish(tokenizer.encoding(text, options)),
  *encoding(text, { maxTokens }) {
    const ids = Int32Array.from(text.split(' '), (word) => word.length)
    return { ids: ids.subarray(0, maxTokens), truncated: ids.length > maxTokens }
  },
}

async function withClassifier(
  options: Partial<ClassifierOptions>,
  use: (classifier: Classifier) => Promise<void>,
): Promise<void> {
  const classifier = await openClassifier({
    modelPath,
    tokenizer,
    maxTokens: tinyPositions,
    workers: 1,
    labels: ['red', 'green', 'blue'],
    ...options,
  })
  try {
    await use(classifier)
  } finally {
    await classifier.close()
  }
}

/** A small model that is sure of texts that begin with the token 1. */
const small = {
  answer: (ids: Int32Array) => (ids[0] === 1 ? Float32Array.of(0, 4, 1) : undefined),
}

describe('a cascade', () => {
  it('lets the small model answer what it is sure of, at once and without a batch', async () => {
    const answered: string[] = []
    const onAnswer = (by: string) => answered.push(by)
    await withClassifier({ small, onAnswer, queueTextsMax: 1 }, async (classifier) => {
      const sure = await Promise.all(
        [1, 1, 1].map((id) => classifier.classify(Int32Array.of(id, 2))),
      )
      expect(sure).toEqual(
        Array(3).fill(
          expect.objectContaining({
            ...{ label: 'green', answeredBy: 'small', batchId: -1, queueMs: 0, inferMs: 0 },
          }),
        ),
      )
      const other = await classifier.classify(Int32Array.of(2, 2))
      expect(other).toMatchObject({ answeredBy: 'full', batchId: 0 })
      expect(classifier.stats()).toMatchObject({ texts: 1, small: { texts: 3, tokens: 6 } })
      expect(answered).toEqual(['small', 'small', 'small', 'full'])
    })
  })

  it('asks the full model where that is wanted, and says nothing without a small one', async () => {
    const ids = Int32Array.of(1, 2)
    await withClassifier({ small }, async (classifier) => {
      const { result } = await classifier.classifyWhenRoom(ids, { by: 'full' })
      expect(await result).toMatchObject({ answeredBy: 'full' })
    })
    await withClassifier({}, async (classifier) => {
      expect(await classifier.classify(ids)).toMatchObject({ answeredBy: '' })
    })
  })

  it('leaves it to the full model that a text belongs to no label', async () => {
    const abstain = { score: 'max-probability', threshold: 0, coverage: 1, risk: 0 } as const
    await withClassifier({ small, abstain, abstention: 'on' }, async (classifier) => {
      const outcome = await classifier.classify(Int32Array.of(1, 2))
      expect(outcome).toMatchObject({ answeredBy: 'full', label: 'winnow.none' })
    })
  })

  it('refuses callers who left, and everyone after the end, like the queue', async () => {
    const ids = Int32Array.of(1)
    await withClassifier({ small }, async (classifier) => {
      const signal = AbortSignal.abort()
      await expect(classifier.classify(ids, { signal })).rejects.toMatchObject({
        code: 'cancelled',
      })
      await classifier.close()
      await expect(classifier.classify(ids)).rejects.toMatchObject({ code: 'cancelled' })
    })
  })
})

describe('openClassifier', () => {
  it('does not abstain with a model that has no threshold', async () => {
    await expect(withClassifier({ abstention: 'on' }, async () => {})).rejects.toMatchObject({
      code: 'model_incompatible',
      message: expect.stringContaining('inference.abstain') as string,
    })
  })

  it('gives label, score and probabilities that agree with the logits', async () => {
    await withClassifier({}, async (classifier) => {
      const outcome = await classifier.classify(Int32Array.of(1, 2, 3))
      if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
      const { logits, probabilities, label, score } = outcome
      const best = logits.indexOf(Math.max(...logits))
      expect(label).toBe(['red', 'green', 'blue'][best])
      expect(score).toBe(probabilities[best])
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 6)
      const [first, second] = [logits[0]! - logits[1]!, probabilities[0]! / probabilities[1]!]
      expect(Math.log(second)).toBeCloseTo(first, 5)
    })
  })

  it('rejects a text whose logits are not numbers, and no other text of its batch', async () => {
    await withClassifier({}, async (classifier) => {
      const outcomes = await Promise.all(
        [
          [1, 2],
          [1, poisonId],
          [3, 4],
        ].map((ids) => classifier.classify(Int32Array.from(ids))),
      )
      expect(outcomes.map(({ kind }) => kind)).toEqual(['ok', 'rejected', 'ok'])
      expect(outcomes[1]).toMatchObject({ error: { code: 'output_invalid' } })
      expect(new Set(outcomes.map(({ batchId }) => batchId)).size).toBe(1)
    })
  })

  it('fails the texts of a batch that the runtime refuses, and goes on', async () => {
    await withClassifier({}, async (classifier) => {
      const bad = classifier.classify(Int32Array.of(tinyVocabulary + 1))
      await expect(bad).rejects.toMatchObject({ code: 'session_failed' })
      await expect(classifier.classify(Int32Array.of(1))).resolves.toMatchObject({ kind: 'ok' })
    })
  })

  it('refuses at once when the queue is full, and lets patient callers in order', async () => {
    await withClassifier({ queueTextsMax: 2 }, async (classifier) => {
      const ids = Int32Array.of(1, 2)
      const accepted = [classifier.classify(ids), classifier.classify(ids)]
      const patient = [3, 4, 5].map((id) => classifier.classifyWhenRoom(Int32Array.of(id)))
      await expect(classifier.classify(ids)).rejects.toMatchObject({
        code: 'queue_full',
        details: { texts: 2 },
      })
      const admitted = await Promise.all(patient)
      const outcomes = await Promise.all([...accepted, ...admitted.map(({ result }) => result)])
      expect(outcomes.every(({ kind }) => kind === 'ok')).toBe(true)
      const ids3to5 = outcomes.slice(2).map(({ batchId }) => batchId)
      expect(ids3to5).toEqual(ids3to5.toSorted((a, b) => a - b))
    })
  })

  it('drops a caller who left before the batch formed', async () => {
    const batches: BatchRecord[] = []
    await withClassifier({ onBatch: (batch) => batches.push(batch) }, async (classifier) => {
      const leaving = new AbortController()
      const left = classifier.classify(Int32Array.of(1, 2), { signal: leaving.signal })
      const stayed = classifier.classify(Int32Array.of(3, 4))
      leaving.abort()
      await expect(left).rejects.toMatchObject({ code: 'cancelled' })
      await expect(stayed).resolves.toMatchObject({ kind: 'ok' })
      expect(batches.map(({ size }) => size)).toEqual([1])
      const gone = classifier.classify(Int32Array.of(1), { signal: AbortSignal.abort() })
      await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
    })
  })

  it('lets a waiting caller leave, and refuses the waiting ones when it closes', async () => {
    await withClassifier({ queueTextsMax: 1 }, async (classifier) => {
      const ids = Int32Array.of(1, 2)
      const accepted = classifier.classify(ids)
      const leaving = new AbortController()
      const left = classifier.classifyWhenRoom(ids, { signal: leaving.signal })
      const waiting = classifier.classifyWhenRoom(ids)
      leaving.abort()
      const closed = classifier.close()
      await expect(left).rejects.toMatchObject({ code: 'cancelled' })
      await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
      await expect(accepted).resolves.toMatchObject({ kind: 'ok' })
      await closed
      await expect(classifier.classify(ids)).rejects.toMatchObject({ code: 'cancelled' })
    })
  })

  it('classifies a stream in order, pads nothing, and counts what it did', async () => {
    const texts = Array.from({ length: 300 }, (_, i) => 'word '.repeat(i % 40).concat('end'))
    await withClassifier({ workers: 2 }, async (classifier) => {
      const outcomes = await collect(classifier.classifyAll(texts))
      expect(outcomes.map(({ tokens }) => tokens)).toEqual(
        texts.map((text) => Math.min(text.split(' ').length, tinyPositions)),
      )
      expect(outcomes.filter(({ truncated }) => truncated)).toHaveLength(
        texts.filter((text) => text.split(' ').length > tinyPositions).length,
      )
      const tokens = outcomes.reduce((sum, outcome) => sum + outcome.tokens, 0)
      expect(classifier.stats()).toMatchObject({ texts: 300, tokens, paddedTokens: tokens })
    })
  })

  it('gives a padded text the same bits whatever it shares a batch with', async () => {
    const paddedPath = join(folder, 'padded.onnx')
    await writeTinyClassifier(paddedPath, 'lengths')
    await withClassifier({ modelPath: paddedPath, padTo: 8 }, async (classifier) => {
      const texts = [[1], [1, 2, 3], [4, 5, 6, 7, 8, 9, 10, 11]].map((ids) => Int32Array.from(ids))
      const alone = []
      for (const ids of texts) alone.push(await classifier.classify(ids))
      const together = await Promise.all(texts.map((ids) => classifier.classify(ids)))
      expect(new Set(together.map(({ batchId }) => batchId)).size).toBe(1)
      expect(together.map(logitsOf)).toEqual(alone.map(logitsOf))
      expect(classifier.stats()).toMatchObject({ tokens: 24, paddedTokens: 48 })
    })
  })

  it('refuses options that do not fit the model', async () => {
    const opening = (options: Partial<ClassifierOptions>): Promise<void> =>
      withClassifier(options, () => Promise.resolve())
    await expect(opening({ labels: ['one'] })).rejects.toMatchObject({ code: 'model_incompatible' })
    await expect(opening({ padTo: 8 })).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(opening({ padTo: 5 })).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe('readLogits', () => {
  const timing = { queueMs: 0, inferMs: 0, batchId: 0 }
  const read = (logits: number[], temperature: number): ReturnType<typeof readLogits> =>
    readLogits(
      { row: Float32Array.from(logits), ...timing },
      { labels: logits.map((_, i) => `label ${i}`), temperature },
    )

  it('softens by the temperature without changing the label', () => {
    const sharp = read([2, 0], 1)
    const soft = read([2, 0], 2)
    expect(sharp).toMatchObject({ label: 'label 0', score: expect.closeTo(0.8808, 4) as number })
    expect(soft).toMatchObject({ label: 'label 0', score: expect.closeTo(0.7311, 4) as number })
  })

  it('stays finite for large logits and takes the first label on a tie', () => {
    expect(read([1e30, 1e30], 1)).toMatchObject({ label: 'label 0', score: 0.5 })
    expect(read([Infinity, 0], 1)).toMatchObject({ kind: 'rejected' })
  })

  const abstain = { score: 'entropy', threshold: 0.5, coverage: 0.95, risk: 0.1 } as const
  const withThreshold = (logits: number[], abstention: 'off' | 'on') => {
    const labels = logits.map((_, i) => `label ${i}`)
    const row = { row: Float32Array.from(logits), ...timing }
    return readLogits(row, { labels, temperature: 1, abstain, abstention })
  }

  it('abstains above the threshold and keeps the probabilities, only where that is on', () => {
    const unsure = withThreshold([0.1, 0], 'on')
    expect(unsure).toMatchObject({
      label: 'winnow.none',
      score: expect.closeTo(0.525, 3) as number,
      outOfScope: expect.closeTo(0.998, 3) as number,
    })
    const plain = withThreshold([0.1, 0], 'off')
    expect(plain).toEqual({ ...unsure, label: 'label 0', labels: ['label 0'] })
    expect(withThreshold([9, 0], 'on')).toMatchObject({ kind: 'ok', label: 'label 0' })
  })
})

describe('outOfScopeScore', () => {
  const uniform = Float32Array.of(0.25, 0.25, 0.25, 0.25)

  it('is 0 for certainty and the largest for indifference', () => {
    for (const score of outOfScopeScores) {
      expect(outOfScopeScore(Float32Array.of(1, 0, 0, 0), score)).toBe(0)
    }
    expect(outOfScopeScore(uniform, 'entropy')).toBeCloseTo(1, 12)
    expect(outOfScopeScore(uniform, 'max-probability')).toBe(0.75)
    // -(0.5 ln 0.5 + 2 x 0.25 ln 0.25) / ln 4
    const uneven = Float32Array.of(0.5, 0.25, 0.25, 0)
    expect(outOfScopeScore(uneven, 'entropy')).toBeCloseTo(0.75, 12)
  })
})

function logitsOf(outcome: Awaited<ReturnType<Classifier['classify']>>): Float32Array | undefined {
  return outcome.kind === 'ok' ? outcome.logits : undefined
}
