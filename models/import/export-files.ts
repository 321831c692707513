// What a folder with a Hugging Face export says: where its files are, which labels its logits have, how long a
// text may be. Whether the graph agrees is wrap-graph.ts.
import { readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'

/** An export as its files describe it. */
export type ExportFiles = {
  readonly dir: string
  readonly graphPath: string
  readonly tokenizerPath: string
  readonly goldenPath: string | undefined
  /** Family: `model_type` of config.json. */
  readonly family: Family
  /** What it was made from, as far as it says so. */
  readonly origin: string
  /** In the order of the logits. */
  readonly labels: readonly string[]
  readonly task: 'single-label' | 'multi-label'
  /** Tokens that the graph's positions allow, special ones included. */
  readonly positions: number
  /** Tokens that the tokenizer's configuration allows; Infinity when it says nothing. */
  readonly tokenizerTokens: number
  readonly vocabularySize: number
  readonly hidden: number
  readonly pooling: 'mean' | 'cls'
}

/** Families whose position limits are known. */
const families = ['bert', 'distilbert', 'roberta', 'xlm-roberta', 'modernbert'] as const
type Family = (typeof families)[number]

const configSchema = z.looseObject({
  model_type: z.string(),
  architectures: z.array(z.string()).nullish(),
  _name_or_path: z.string().nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
  problem_type: z.string().nullish(),
  max_position_embeddings: z.int().positive(),
  vocab_size: z.int().positive(),
  pad_token_id: z.int().nullish(),
  hidden_size: z.int().positive().optional(),
  dim: z.int().positive().optional(),
  classifier_pooling: z.enum(['mean', 'cls']).optional(),
})
type ExportConfig = z.infer<typeof configSchema>

/**
 * Reads what is beside the graph of an export: config.json, and tokenizer_config.json if it is there. The
 * graph is model.onnx or onnx/model.onnx. Throws WinnowError 'export_invalid' for files that are missing,
 * broken or contradict themselves, 'model_incompatible' for another family or another kind of model.
 */
export async function readExport(folder: string): Promise<ExportFiles> {
  const dir = resolve(folder)
  const graphPath = await firstOf(dir, ['model.onnx', 'onnx/model.onnx'])
  const tokenizerPath = await firstOf(dir, ['tokenizer.json'])
  const config = await readJson(await firstOf(dir, ['config.json']), configSchema)
  const family = families.find((name) => name === config.model_type)
  if (family === undefined) {
    throw new WinnowError(
      'model_incompatible',
      `The export is of the family '${config.model_type}'; supported are ${families.join(', ')}.`,
    )
  }
  requireClassifier(config)
  const goldenPath = join(dir, 'golden.json')
  return {
    ...{ dir, graphPath, tokenizerPath, family },
    goldenPath: (await isFile(goldenPath)) ? goldenPath : undefined,
    origin: config._name_or_path ? config._name_or_path : `${family} from ${basename(dir)}`,
    labels: labelsOf(config),
    task: config.problem_type === 'multi_label_classification' ? 'multi-label' : 'single-label',
    positions: positionsOf(config, family),
    tokenizerTokens: await tokenizerTokensOf(dir),
    vocabularySize: config.vocab_size,
    hidden: config.hidden_size ?? config.dim ?? 1,
    pooling: config.classifier_pooling ?? 'cls',
  }
}

/** The error for an export that is incomplete, damaged or contradicts itself. */
export function exportInvalid(
  message: string,
  details: Record<string, unknown> = {},
  cause?: unknown,
): WinnowError {
  return new WinnowError('export_invalid', message, { details, cause })
}

function requireClassifier({ architectures, problem_type: problem }: ExportConfig): void {
  const other = architectures?.find((name) => !name.endsWith('ForSequenceClassification'))
  if (other !== undefined) {
    throw new WinnowError(
      'model_incompatible',
      `The export is a ${other}, not a sequence classifier: its architecture must end in ` +
        'ForSequenceClassification.',
    )
  }
  if (problem === 'regression') {
    throw new WinnowError(
      'model_incompatible',
      'The export gives numbers (regression), not labels.',
    )
  }
}

function labelsOf({ id2label }: ExportConfig): string[] {
  const numbered = Object.entries(id2label ?? {})
  if (numbered.length === 0) {
    throw exportInvalid(
      'config.json has no id2label: add the names of the labels, {"0": "first", "1": "second"}.',
    )
  }
  const byId = new Map(numbered.map(([id, label]) => [Number(id), label]))
  const missing = numbered.map((_, id) => id).filter((id) => !byId.has(id))
  if (missing.length > 0) {
    const ids = numbered.map(([id]) => id)
    throw exportInvalid(
      `id2label of config.json has ${ids.length} labels and none for ${missing.join(', ')}; ` +
        `its ids are ${ids.slice(0, 20).join(', ')}.`,
      { missing },
    )
  }
  const labels = numbered.map((_, id) => byId.get(id)!)
  const twice = labels.find((label, id) => labels.indexOf(label) !== id)
  if (twice !== undefined) throw exportInvalid(`id2label of config.json has '${twice}' twice.`)
  if (labels.includes('')) throw exportInvalid('id2label of config.json has an empty label.')
  return labels
}

/** RoBERTa numbers positions from the padding id on, so that many of its rows are never used. */
function positionsOf(config: ExportConfig, family: Family): number {
  const { max_position_embeddings: rows, pad_token_id: padId } = config
  return family === 'roberta' || family === 'xlm-roberta' ? rows - (padId ?? 1) - 1 : rows
}

const tokenizerConfigSchema = z.looseObject({ model_max_length: z.number().positive().nullish() })

async function tokenizerTokensOf(dir: string): Promise<number> {
  const path = join(dir, 'tokenizer_config.json')
  if (!(await isFile(path))) return Infinity
  const { model_max_length: tokens } = await readJson(path, tokenizerConfigSchema)
  // Exports without a limit say 10^30.
  return tokens && tokens < 1_000_000 ? tokens : Infinity
}

async function firstOf(dir: string, names: readonly string[]): Promise<string> {
  for (const name of names) if (await isFile(join(dir, name))) return join(dir, name)
  throw exportInvalid(`${dir} has no ${names.join(' and no ')}.`, { dir, names })
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

/** Reads a JSON file of an export; `export_invalid` names path, field and rule. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw exportInvalid(`${path} is not valid JSON: ${errorMessage(cause)}`, { path }, cause)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => issueSentence(issue, value))
  throw exportInvalid(`${path} cannot be used: ${issues.slice(0, 5).join('; ')}`, { path, issues })
}
