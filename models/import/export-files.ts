// Reads the description of a Hugging Face export: where its files are, the labels of its logits,
// and how long a text may be. wrap-graph.ts checks that the graph agrees.
import { readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { noneLabel } from '../../schemas/classification.ts'
import { counted } from '../../schemas/counted.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'

/** An export as described by its files. */
export type ExportFiles = {
  readonly dir: string
  readonly graphPath: string
  readonly tokenizerPath: string
  readonly goldenPath: string | undefined
  /** Family: `model_type` of config.json. */
  readonly family: Family
  /** The model that it was made from, if it says so. */
  readonly origin: string
  /** In the order of the logits. */
  readonly labels: readonly string[]
  readonly task: LabelTask
  /** Whether config.json or the caller states the task; the default is one label per text. */
  readonly isTaskStated: boolean
  /** Tokens that the graph's positions allow, special ones included. */
  readonly positions: number
  /** Tokens that the tokenizer's configuration allows; Infinity if it has no limit. */
  readonly tokenizerTokens: number
  readonly vocabularySize: number
  readonly hidden: number
  readonly pooling: 'mean' | 'cls'
}

/** Whether exactly one label applies to a text, or any number of labels. */
export type LabelTask = 'single-label' | 'multi-label'

/** Values of `problem_type` that make a classifier. */
export const problemTypes = ['single_label_classification', 'multi_label_classification'] as const
export type ProblemType = (typeof problemTypes)[number]

/** Families whose position limits are known. */
const families = [
  ...(['bert', 'distilbert', 'roberta', 'xlm-roberta', 'modernbert', 'deberta-v2'] as const),
] as const
type Family = (typeof families)[number]

const aboveZero = z
  .int('must be a whole number, as the export of the model writes it')
  .positive('must be above 0')

const configSchema = z.looseObject({
  model_type: z.string('must be the family of the model, such as "bert"'),
  architectures: z.array(z.string()).nullish(),
  _name_or_path: z.string().nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
  num_labels: z.int().nullish(),
  problem_type: z.string().nullish(),
  max_position_embeddings: aboveZero,
  vocab_size: aboveZero,
  pad_token_id: z.int().nullish(),
  hidden_size: z.int().positive().optional(),
  dim: z.int().positive().optional(),
  classifier_pooling: z.enum(['mean', 'cls']).optional(),
})
type ExportConfig = z.infer<typeof configSchema>

/**
 * Reads what is beside the graph of an export: config.json, and tokenizer_config.json if it is
 * there. The graph is model.onnx or onnx/model.onnx. `problemType` counts instead of the
 * `problem_type` of config.json. Throws WinnowError 'export_invalid' for files that are missing,
 * broken or contradict themselves, 'model_incompatible' for another family or another kind of
 * model.
 */
export async function readExport(
  folder: string,
  { problemType }: { problemType?: ProblemType | undefined },
): Promise<ExportFiles> {
  const dir = resolve(folder)
  const graphPath = await firstOf(dir, ['model.onnx', 'onnx/model.onnx'])
  const tokenizerPath = await firstOf(dir, ['tokenizer.json'])
  const config = await readJson(await firstOf(dir, ['config.json']), configSchema)
  const family = families.find((name) => name === config.model_type)
  if (family === undefined) {
    throw new WinnowError(
      'model_incompatible',
      `The export is of the family '${config.model_type}'. Winnow supports ${families.join(', ')}.`,
    )
  }
  requireClassifier(config)
  const labels = labelsOf(config)
  const problem = problemType ?? config.problem_type ?? undefined
  const goldenPath = join(dir, 'golden.json')
  return {
    dir,
    graphPath,
    tokenizerPath,
    family,
    goldenPath: (await isFile(goldenPath)) ? goldenPath : undefined,
    origin: config._name_or_path ? config._name_or_path : `${family} from ${basename(dir)}`,
    labels,
    task: taskOf(problem, labels),
    isTaskStated: problem !== undefined,
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

function requireClassifier({ architectures }: ExportConfig): void {
  const other = architectures?.find((name) => !name.endsWith('ForSequenceClassification'))
  if (other === undefined) return
  throw new WinnowError(
    'model_incompatible',
    `The export is a ${other}, not a sequence classifier: its architecture must end in ` +
      'ForSequenceClassification.',
  )
}

function taskOf(problem: string | undefined, labels: readonly string[]): LabelTask {
  if (problem === 'regression') {
    throw new WinnowError(
      'model_incompatible',
      'The export predicts numbers (regression), not labels; only classifiers can be imported.',
    )
  }
  if (problem !== undefined && !problemTypes.some((name) => name === problem)) {
    throw exportInvalid(
      `config.json has the problem_type '${problem}'. Winnow knows ${problemTypes.join(' and ')}.`,
    )
  }
  if (labels.length === 1) requireMeaning(problem, labels[0]!)
  return problem === 'multi_label_classification' ? 'multi-label' : 'single-label'
}

/**
 * One logit is a number on some scale, or says whether the one label applies; nothing in a graph
 * tells.
 */
function requireMeaning(problem: string | undefined, label: string): void {
  if (problem === 'multi_label_classification') return
  const name = JSON.stringify(label)
  throw exportInvalid(
    problem === undefined
      ? `The export has the one label ${name} and does not say what its one logit means. If its ` +
          'sigmoid is the probability that the label applies, import it with ' +
          '--problem-type multi_label_classification; a score on a scale (regression) cannot be imported.'
      : `The export has the one label ${name} and is single_label_classification: every text would ` +
          'get that label with probability 1. If the sigmoid of its logit is the probability that the ' +
          'label applies, import it with --problem-type multi_label_classification.',
  )
}

/** Characters of a label at most, as for labels of events. */
const labelCharactersMax = 256

function labelsOf({ id2label, num_labels: count }: ExportConfig): string[] {
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
      `id2label of config.json has ${counted(ids.length, 'label')} and none for ${missing.join(', ')}; ` +
        `its ids are ${ids.slice(0, 20).join(', ')}.`,
      { missing },
    )
  }
  const labels = numbered.map((_, id) => byId.get(id)!)
  if (count !== undefined && count !== null && count !== labels.length) {
    throw exportInvalid(
      `config.json says num_labels: ${count}, but its id2label has ${counted(labels.length, 'label')}.`,
    )
  }
  const twice = labels.find((label, id) => labels.indexOf(label) !== id)
  if (twice !== undefined) {
    throw exportInvalid(
      `id2label of config.json has the label ${JSON.stringify(twice)} twice; give each ` +
        'label a name of its own.',
    )
  }
  for (const [id, label] of labels.entries()) requireLabel(id, label)
  return labels
}

function requireLabel(id: number, label: string): void {
  const rename = `rename label ${id} in id2label of config.json`
  if (label.trim() === '') {
    throw exportInvalid(`id2label of config.json has an empty label: ${rename}.`, { id })
  }
  if (label === noneLabel) {
    throw exportInvalid(
      `The label ${noneLabel} is reserved for texts that belong to no label: ${rename}.`,
      { id },
    )
  }
  const name = JSON.stringify(label.slice(0, 60))
  if (/[\p{Cc}\u2028\u2029]/u.test(label) || !label.isWellFormed()) {
    throw exportInvalid(
      `The label ${name} holds a control character, a line end or half a character: ${rename}.`,
      { id },
    )
  }
  if (label.length > labelCharactersMax) {
    throw exportInvalid(
      `The label ${name}… has ${label.length} characters, more than ${labelCharactersMax}: ${rename}.`,
      { id },
    )
  }
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
  // Exports without a limit have 10^30.
  return tokens && tokens < 1_000_000 ? tokens : Infinity
}

async function firstOf(dir: string, names: readonly string[]): Promise<string> {
  for (const name of names) if (await isFile(join(dir, name))) return join(dir, name)
  throw exportInvalid(
    `${dir} has no ${names.join(' and no ')}. Give the folder of a Hugging Face export.`,
    { dir, names },
  )
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
  return checkJson(path, value, schema)
}

/** Checks a value of a JSON file of an export, as readJson does. */
export function checkJson<T>(path: string, value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => issueSentence(issue, value))
  throw exportInvalid(`${path} cannot be used: ${issues.slice(0, 5).join('; ')}`, { path, issues })
}
