// The exports of the fixtures (tests/fixtures/make-imports.py) as tests modify them, with the
// references' results for their golden texts.
import { readFileSync } from 'node:fs'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  openClassifier,
  type Classification,
  type Classifier,
} from '../../models/inference/classifier.ts'
import { decodeModel, encodeModel } from '../../models/graph/onnx/onnx-wire.ts'
import { batchTextsOf, type PairedText } from '../../models/store/manifest.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'

/** The folder of the exports. */
export const exportFixtures = fileURLToPath(new URL('../fixtures/imports/', import.meta.url))
/** The references' results for a text. */
export type Golden = {
  text: string
  ids: number[]
  truncated: boolean
  label: string
  logits: number[]
  probabilities: number[]
}

/** The golden texts of a family. */
export const goldenOf = (family: string): Golden[] =>
  JSON.parse(readFileSync(join(exportFixtures, family, 'golden.json'), 'utf8')) as Golden[]

/** A pair of texts, one of which all pairs share, with the references' results. */
export type GoldenPair = {
  paired: PairedText
  text: string
  ids: number[]
  types: number[]
  truncated: boolean
  logits: number[]
}

/** The golden pairs of a family. */
export const pairsOf = (family: string): GoldenPair[] =>
  JSON.parse(readFileSync(join(exportFixtures, family, 'pairs.json'), 'utf8')) as GoldenPair[]

/** Opens a version as every command does. */
export async function openVersion({
  manifest,
  modelPath,
  tokenizerPath,
}: ModelVersion): Promise<Classifier> {
  const { labels, maxTokens, thresholds } = manifest
  return openClassifier({
    modelPath,
    labels,
    maxTokens,
    thresholds,
    workers: 2,
    tokenizer: loadTokenizer({ json: await readFile(tokenizerPath) }),
    batchTextsMax: batchTextsOf(manifest),
  })
}

/** The result of one text; throws if it is rejected. */
export async function classified(classifier: Classifier, ids: Int32Array): Promise<Classification> {
  const outcome = await classifier.classify(ids)
  if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
  return outcome
}

/** Any JSON object. */
export type Json = Record<string, unknown>

/** Changes a JSON file of an export. */
export const json =
  (file: string, change: (value: Json) => unknown) =>
  async (dir: string): Promise<void> => {
    const value = JSON.parse(await readFile(join(dir, file), 'utf8')) as Json
    await writeFile(join(dir, file), JSON.stringify(change(value) ?? value))
  }
/** Changes config.json. */
export const config = (change: Json) => json('config.json', (value) => Object.assign(value, change))
/** Changes one of the golden texts. */
export const golden = (change: Json) =>
  json('golden.json', (texts) => {
    Object.assign((texts as unknown as Json[])[7]!, change)
  })
/** The graph of an export, decoded. */
export type ExportGraph = NonNullable<ReturnType<typeof decodeModel>['graph']>
/** Changes the graph of an export. */
export const graph =
  (change: (graph: ExportGraph) => ExportGraph) =>
  async (dir: string): Promise<void> => {
    const model = decodeModel(await readFile(join(dir, 'model.onnx')))
    await writeFile(join(dir, 'model.onnx'), encodeModel({ ...model, graph: change(model.graph!) }))
  }
/** Gives the input ids a shape. */
export const shaped = (shape: readonly (number | string)[]) =>
  graph((one) => ({
    ...one,
    inputs: one.inputs!.map((input) => {
      const dims = shape.map((size) =>
        typeof size === 'number' ? { value: size } : { parameter: size },
      )
      const tensor = { elementType: 7, shape: { dims } }
      return input.name === 'input_ids' ? { ...input, type: { tensor } } : input
    }),
  }))
/** An operator after the logits. */
export type Operator = { operator: string; inputs?: string[] }
/**
 * Appends operators after the logits; each works on the previous one unless it names its inputs:
 * `raw` and names of operators.
 */
export const ending = (operators: readonly Operator[]) =>
  graph((one) => {
    const renamed = (name: string) => (name === 'logits' ? 'raw' : name)
    const nodes = one.nodes!.map((node) => ({ ...node, outputs: node.outputs!.map(renamed) }))
    let before = 'raw'
    for (const [index, { operator, inputs }] of operators.entries()) {
      const output = index === operators.length - 1 ? 'logits' : operator
      nodes.push({
        name: operator,
        operator,
        inputs: inputs ?? [before],
        outputs: [output],
      })
      before = output
    }
    return { ...one, nodes }
  })
/** Removes a file. */
export const without = (file: string) => (dir: string) => rm(join(dir, file))
/** Truncates a file. */
export const cut = (file: string, bytes: number) => (dir: string) =>
  truncate(join(dir, file), bytes)

/** Changes the files next to tokenizer.json. */
export const beside =
  (file: string, value: Json) =>
  (dir: string): Promise<void> =>
    writeFile(join(dir, file), JSON.stringify(value))
/** Changes tokenizer.json. */
export const tokenizerJson = (change: Json) =>
  json('tokenizer.json', (file) => Object.assign(file, change))
