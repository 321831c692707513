// Reads the out-of-fold predictions of `winnow cv` and joins them with the examples that they are
// about. predictions-file.ts writes the file.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { datasetPart, type Dataset } from '../data/dataset.ts'
import { parseJsonObject } from '../files/jsonl-rows.ts'
import { fileSource, type ByteSource } from '../files/plain-bytes.ts'
import type { Example } from '../files/source-row.ts'
import { lineError, readTextLines } from '../files/text-lines.ts'

/** Predictions for examples, from models that did not see them. */
export type HeldOutPredictions = {
  /** The examples that the file has predictions for, in the order of the data set. */
  readonly dataset: Dataset
  /** float32 [examples, labels]: the mean over the repeats. */
  readonly probabilities: Float32Array
}

const lineSchema = z.object({
  index: z.int().min(0),
  text: z.string(),
  label: z.string().optional(),
  labels: z.array(z.string()).optional(),
  probabilities: z.record(z.string(), z.number().min(0).max(1)),
  repeat: z.int().min(1),
})

type Line = z.output<typeof lineSchema>

/**
 * Reads the file. Every line must have the text and the label that the example has in the data set,
 * which is what `cv` was run on after the same data rules.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line, for a line that is damaged or
 * about other data; `cancelled`.
 */
export async function readPredictions(
  path: string,
  {
    dataset,
    labels,
    signal,
  }: {
    readonly dataset: Dataset
    readonly labels: readonly string[]
    readonly signal?: AbortSignal | undefined
  },
): Promise<HeldOutPredictions> {
  const { examples, manifest } = dataset
  const source: ByteSource = fileSource(path)
  const sums = new Float32Array(examples.length * labels.length)
  const repeatsOf = new Map<number, Set<number>>()
  for await (const { number, text } of readTextLines(source, { signal })) {
    const place = { source, number }
    const line = parseLine(text, place)
    const wrong =
      mismatch(line, { example: examples[line.index], labels }) ??
      (repeatsOf.get(line.index)?.has(line.repeat) === true ? 'it stands there twice' : undefined)
    if (wrong !== undefined) {
      const advice = `Write predictions of ${manifest.source}, read with the same options, with: winnow cv --predictions FILE`
      throw lineError(place, `example ${line.index} is not as in the data: ${wrong}. ${advice}`)
    }
    repeatsOf.set(line.index, (repeatsOf.get(line.index) ?? new Set()).add(line.repeat))
    for (const [at, label] of labels.entries()) {
      sums[line.index * labels.length + at]! += line.probabilities[label]!
    }
  }
  if (repeatsOf.size === 0) throw new WinnowError('dataset_invalid', `${path} has no predictions.`)
  const indices = Int32Array.from(repeatsOf.keys()).sort()
  const probabilities = new Float32Array(indices.length * labels.length)
  for (const [row, index] of indices.entries()) {
    const repeats = repeatsOf.get(index)!.size
    for (let at = 0; at < labels.length; at++) {
      probabilities[row * labels.length + at] = sums[index * labels.length + at]! / repeats
    }
  }
  const part =
    indices.length === examples.length ? dataset : datasetPart(dataset, indices, 'predicted')
  return { dataset: part, probabilities }
}

function parseLine(text: string, place: { source: ByteSource; number: number }): Line {
  const fields = parseJsonObject(text, place)
  const parsed = lineSchema.safeParse(fields)
  if (parsed.success) return parsed.data
  const problem = issueSentence(parsed.error.issues[0]!, fields, 'the line')
  throw lineError(place, `this is not a line of \`winnow cv --predictions\`: ${problem}`)
}

/** Why a prediction is not about the example; undefined if it is. */
function mismatch(
  line: Line,
  { example, labels }: { example: Example | undefined; labels: readonly string[] },
): string | undefined {
  if (example === undefined) return 'the data has fewer examples'
  if (line.text !== example.text) return 'the data has another text there'
  const given = example.labels ?? [example.label]
  const named = line.labels ?? (line.label === undefined ? [] : [line.label])
  if (JSON.stringify(named.toSorted()) !== JSON.stringify(given.toSorted())) {
    return `its label is ${JSON.stringify(line.labels ?? line.label)}, in the data ${JSON.stringify(example.labels ?? example.label)}`
  }
  const predicted = new Set(Object.keys(line.probabilities))
  const missing = labels.find((label) => !predicted.has(label))
  if (missing !== undefined) return `it has no probability of the label ${JSON.stringify(missing)}`
  const other = [...predicted].find((label) => !labels.includes(label))
  return other === undefined ? undefined : `the data has no label ${JSON.stringify(other)}`
}
