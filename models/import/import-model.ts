// Imports a Hugging Face export of a sequence classifier as a model version, top to bottom: read
// the files, inspect the graph, run some texts through the export, give the graph Winnow's
// interface, run the same texts as they will be served, and write the version. If the results
// differ, no version is written.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { openClassifier, type Classifier } from '../inference/classifier.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { loadTokenizer, type Tokenizer, type TokenizerEngine } from '../tokenizers/tokenizer.ts'
import type { PairedText } from '../store/manifest.ts'
import type { ModelVersion } from '../store/version-files.ts'
import { requireModelName, writeVersion } from '../store/version-store.ts'
import { exportInvalid, readExport, type ExportFiles, type ProblemType } from './export-files.ts'
import {
  compareGolden,
  fixedTexts,
  goldenTolerance,
  largestDifference,
  mismatch,
  readGolden,
  type GoldenText,
} from './golden-texts.ts'
import { logitSource, type LogitSource, type StatedOutputs } from './graph-output.ts'
import { runOriginal } from './original-run.ts'
import { pairTokenizer } from './paired-text.ts'
import { requireTokenizerSettings } from './tokenizer-settings.ts'
import { graphInterface, widthDiffers, wrapGraph, type GraphInterface } from './wrap-graph.ts'
import { requireWeights, writeGraph } from './write-graph.ts'

export type ImportOptions = {
  /** The folder with model.onnx (or onnx/model.onnx), tokenizer.json and config.json. */
  readonly dir: string
  readonly storeDir: string
  readonly name: string
  /**
   * The tokens at which texts are truncated. Default: what export and tokenizer allow, up to 512.
   */
  readonly maxTokens?: number | undefined
  /** The task, if config.json does not have it or is wrong. */
  readonly problemType?: ProblemType | undefined
  /** The kind of outputs, if neither the last operators nor the results of the graph show it. */
  readonly outputs?: StatedOutputs | undefined
  /** For a model over pairs of texts: the text that every event is paired with. */
  readonly pairedText?: PairedText | undefined
  /** Called with a description of each step. */
  readonly onStep?: ((step: string) => void) | undefined
}

/** An imported version, and how close it is to its export. */
export type ImportedModel = {
  readonly version: ModelVersion
  readonly check: GoldenCheck
  /** The kind of its graph's outputs. */
  readonly outputs: StatedOutputs
}

/**
 * The result of the check. Differences are those of logits, or of probabilities if the graph
 * outputs them, relative to the expected number if that is above 1.
 */
export type GoldenCheck = {
  readonly texts: number
  /** The number of texts whose ids are in `golden.json`. */
  readonly idTexts: number
  /** The largest difference from the export's own run. */
  readonly largestDifference: number
  /**
   * The difference of a text in a batch from the text alone; above 0, texts are served one by one.
   */
  readonly batchDifference: number
}

/** The default length limit, because memory grows with the square of the length. */
const defaultTokensMax = 512
/** The serving path is warmed up with this many tokens. */
const tokensMin = 8

/**
 * Imports an export. Throws WinnowError 'export_invalid' (files missing, broken or contradictory),
 * 'model_incompatible' (a kind that cannot be served), 'golden_mismatch' (a text comes out
 * differently; it names the text, what was expected and what was found).
 *
 * @example
 * const { version } = await importModel({ dir: 'export/', storeDir, name: 'sentiment' })
 */
export async function importModel(options: ImportOptions): Promise<ImportedModel> {
  const { onStep = () => undefined, storeDir, name, pairedText } = options
  requireModelName(name)
  onStep('reading the export')
  const files = await readExport(options.dir, options)
  const { labels, task } = files
  const json = await readFile(files.tokenizerPath)
  requireVocabulary(loadTokenizer({ json }), files)
  const maxTokens = maxTokensOf(files, options.maxTokens)
  const mapped = readExportGraph(files.graphPath)
  const found = graphInterface(mapped, labels.length)
  await requireTokenizerSettings(files, { ...found, pairedText })
  const pair = pairedText && pairTokenizer(json, { ...pairedText, maxTokens })
  const types = pair?.types
  const tokenizer = loadTokenizer({ json: pair?.json ?? json })
  await requireWeights(mapped, files.graphPath)
  const golden = files.goldenPath === undefined ? [] : await readGolden(files.goldenPath)
  const texts = [...fixedTexts, ...golden.map(({ text }) => text)]
  const ids = texts.map((text) => tokenizer.encode(text, { maxTokens }).ids)

  const scratch = await makeScratch(storeDir)
  try {
    onStep(`running ${texts.length} texts through the export`)
    const rows = await runOriginal({ graphPath: files.graphPath, found, types }, ids)
    requireWidth(rows, labels)
    const source = logitSource(rows, {
      ...files,
      end: found.end,
      labels: labels.length,
      stated: options.outputs,
    })
    onStep('writing the graph')
    const path = join(scratch, 'model.onnx')
    const link = task === 'multi-label' ? 'sigmoid' : 'softmax'
    const wrapped = wrapGraph(mapped, found, { labels: labels.length, link, source, types })
    await writeGraph(wrapped, { path, graphPath: files.graphPath })
    onStep(`running ${texts.length} texts as they will be served`)
    const outputs = outputsOf(source, found)
    const thresholds = task === 'multi-label' ? labels.map(() => 0.5) : undefined
    const classifier = await openClassifier({
      modelPath: path,
      labels,
      tokenizer,
      maxTokens,
      thresholds,
      // One worker, because each has its own packed copy of the weights.
      workers: 1,
    })
    let check: GoldenCheck
    try {
      check = await checkTexts(classifier, { texts, rows, outputs, golden })
    } finally {
      await classifier.close()
    }
    const version = await writeVersion({
      storeDir,
      name,
      manifest: manifestOf(files, {
        maxTokens,
        precision: found.precision,
        thresholds,
        check,
        tokenizerEngine: tokenizer.engine,
        pairedText,
      }),
      model: { path, take: 'move' },
      tokenizer: pair === undefined ? { path: files.tokenizerPath } : { bytes: pair.json },
    })
    return { version, check, outputs }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Creates a folder on the disk of the store, so that finished files can be renamed. */
async function makeScratch(storeDir: string): Promise<string> {
  await mkdir(resolve(storeDir), { recursive: true })
  return mkdtemp(join(resolve(storeDir), '.import-'))
}

function readExportGraph(path: string): Uint8Array {
  try {
    return readMappedModel(path)
  } catch (cause) {
    throw exportInvalid(cause instanceof Error ? cause.message : String(cause), { path }, cause)
  }
}

function requireVocabulary(tokenizer: Tokenizer, { vocabularySize }: ExportFiles): void {
  if (tokenizer.vocabularySize <= vocabularySize) return
  throw exportInvalid(
    `tokenizer.json has ids up to ${tokenizer.vocabularySize - 1}, but by vocab_size of ` +
      'config.json the ' +
      `model knows only ${vocabularySize} tokens. Use the tokenizer that the model was trained with.`,
  )
}

function maxTokensOf({ positions, tokenizerTokens }: ExportFiles, wanted?: number): number {
  const allowed = Math.min(positions, tokenizerTokens)
  if (allowed < tokensMin) {
    throw new WinnowError(
      'model_incompatible',
      `The export takes at most ${counted(allowed, 'token')}; Winnow needs at least ${tokensMin}.`,
    )
  }
  if (wanted !== undefined && (wanted > allowed || wanted < tokensMin)) {
    throw new WinnowError(
      'usage',
      `--max-tokens must be from ${tokensMin} to ${allowed} with this export, not ${wanted}.`,
    )
  }
  return wanted ?? Math.min(allowed, defaultTokensMax)
}

function requireWidth(rows: readonly (readonly number[])[], labels: readonly string[]): void {
  const other = rows.find((row) => row.length !== labels.length)
  if (other !== undefined) throw widthDiffers(other.length, labels.length)
}

/** The kind of outputs to compare; the logarithm of probabilities counts as logits. */
function outputsOf(source: LogitSource, { end }: GraphInterface): StatedOutputs {
  return source.kind === 'output' || end.kind === 'log softmax' ? 'logits' : 'probabilities'
}

/** Runs each text alone and in a batch, and compares the results. */
async function checkTexts(
  classifier: Classifier,
  check: {
    texts: readonly string[]
    /** What the export gave for each text. */
    rows: readonly (readonly number[])[]
    outputs: StatedOutputs
    golden: readonly GoldenText[]
  },
): Promise<GoldenCheck> {
  const { texts, rows, outputs, golden } = check
  let fromExport = 0
  let fromAlone = 0
  for (const [index, text] of texts.entries()) {
    const { ids, truncated } = classifier.tokenize(text)
    const alone = await logitsOf(classifier, { ids, text })
    const [expected, found] = [rows[index]!, alone[outputs]]
    const difference = largestDifference(expected, found)
    if (difference > goldenTolerance) {
      throw mismatch(text, { what: `${outputs} of the export`, expected, found })
    }
    fromExport = Math.max(fromExport, difference)
    // Others of its length go into the same batch; reversed ones change what the batch has in
    // common.
    const [, ...among] = await inOneBatch(
      [reversed(ids), ids, ids].map((one) => logitsOf(classifier, { ids: one, text })),
    )
    for (const { logits } of among) {
      fromAlone = Math.max(fromAlone, largestDifference(alone.logits, logits))
    }
    const reference = golden[index - fixedTexts.length]
    if (reference !== undefined) {
      compareGolden(reference, { ...alone, ids: Array.from(ids), truncated })
    }
  }
  return {
    texts: texts.length,
    idTexts: golden.filter(({ ids }) => ids !== undefined).length,
    largestDifference: fromExport,
    batchDifference: fromAlone,
  }
}

/** The results of texts that share a batch; throws for a graph with a fixed batch size. */
async function inOneBatch<T>(results: readonly Promise<T>[]): Promise<T[]> {
  try {
    return await Promise.all(results)
  } catch (cause) {
    if (!(cause instanceof WinnowError && cause.code === 'session_failed')) throw cause
    throw new WinnowError(
      'model_incompatible',
      `The export runs one text and fails on a batch of ${results.length}: export it with a dynamic ` +
        `axis for the batch. ${cause.message}`,
      { cause },
    )
  }
}

/** The same special tokens around the other tokens in reverse order. */
function reversed(ids: Int32Array): Int32Array {
  return Int32Array.of(ids[0]!, ...ids.slice(1, -1).reverse(), ...ids.slice(-1))
}

async function logitsOf(
  classifier: Classifier,
  { ids, text }: { ids: Int32Array; text: string },
): Promise<{ logits: number[]; probabilities: number[]; label: string }> {
  const outcome = await classifier.classify(ids)
  if (outcome.kind === 'rejected') {
    throw mismatch(text, {
      what: 'finite logits',
      expected: 'numbers',
      found: outcome.error.message,
    })
  }
  const logits = Array.from(outcome.logits)
  const best = logits.indexOf(Math.max(...logits))
  return {
    logits,
    probabilities: Array.from(outcome.probabilities),
    label: classifier.labels[best]!,
  }
}

function manifestOf(
  files: ExportFiles,
  found: {
    maxTokens: number
    precision: GraphInterface['precision']
    thresholds: number[] | undefined
    check: GoldenCheck
    tokenizerEngine: TokenizerEngine
    pairedText: PairedText | undefined
  },
): Parameters<typeof writeVersion>[0]['manifest'] {
  const { labels, task, origin, hidden, pooling, family } = files
  const { maxTokens, precision, thresholds, check, tokenizerEngine, pairedText } = found
  return {
    labels: [...labels],
    base: origin,
    method: 'import',
    precision,
    tokenizerEngine,
    maxTokens,
    hidden,
    pooling,
    metrics: { family, golden: check },
    trainingRun: null,
    ...(pairedText !== undefined && { pairedText }),
    ...(check.batchDifference > 0 && { batching: 'one by one' }),
    ...(task === 'multi-label' && { task, thresholds }),
  }
}
