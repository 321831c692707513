// Reads a user's own base encoder from a folder in the layout of the model hub: config.json has its
// shape, and model.onnx or model.safetensors its weights. The description is stored beside the
// files. models/bases/base-sources.ts copies the files.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import type { BaseCatalogEntry, PinnedFile } from './base-catalog.ts'
import { fileSize } from './base-receipt.ts'
import { modelFile, safetensorsFile, tokenizerFile, weightsPath } from './base-sources.ts'
import { readBaseWeights } from './base-weights.ts'
import { sha256OfFile } from '../runtime/file-hash.ts'
import { modelNamePattern } from '../store/manifest.ts'
import { loadTokenizer } from '../tokenizers/tokenizer.ts'

const factsFile = 'base.json'
/** The default length limit, because longer texts rarely pay off; the folder's own limit wins. */
const maxTokensDefault = 256

/** The fields of a BertModel's config.json that Winnow reads. */
const configSchema = z.object({
  model_type: z.literal('bert'),
  hidden_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  max_position_embeddings: z.int().positive(),
  layer_norm_eps: z.number().positive().optional(),
  hidden_act: z.literal('gelu').default('gelu'),
  position_embedding_type: z.literal('absolute').default('absolute'),
})

const pinSchema = z.object({ path: z.string(), sha256: z.string(), bytes: z.int() })
const factsSchema = z.object({
  format: z.literal(1),
  name: z.string().regex(modelNamePattern),
  hidden: z.int(),
  layers: z.int(),
  heads: z.int(),
  maxTokens: z.int(),
  positions: z.int(),
  epsilon: z.number().optional(),
  pooling: z.enum(['mean', 'cls']),
  folder: z.string(),
  model: pinSchema,
  tokenizer: pinSchema,
})

/**
 * Reads the shape of the encoder in `from`, and checks that its weights and its tokenizer can be
 * used. Pooling is what sentence-transformers' 1_Pooling/config.json says, else the mean.
 *
 * Throws WinnowError `usage` (a name that cannot be one, a file that is missing),
 * `model_incompatible` (another family, another activation), `graph_invalid`, `tokenizer_invalid`.
 */
export async function readBaseFolder(name: string, from: string): Promise<BaseCatalogEntry> {
  if (!modelNamePattern.test(name)) {
    throw new WinnowError(
      'usage',
      `'${name}' cannot name a base encoder: use letters, digits, '.', '_' and '-', the ` +
        'first a letter or digit.',
    )
  }
  const folder = resolve(from)
  const config = checkedConfig(await readJson(join(folder, 'config.json')))
  const model = await firstPresent(folder, [
    await weightsPath(folder, modelFile),
    await weightsPath(folder, safetensorsFile),
  ])
  const tokenizer = await firstPresent(folder, [tokenizerFile])
  const positions = config.max_position_embeddings
  const entry: BaseCatalogEntry = {
    name,
    aliases: [],
    hidden: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    positions,
    epsilon: config.layer_norm_eps,
    maxTokens: Math.min(positions, await maxTokensOf(folder)),
    pooling: await poolingOf(folder),
    normalize: true,
    sources: [{ kind: 'folder', path: folder, model, tokenizer }],
  }
  const { hidden, layers } = await readBaseWeights({
    ...entry,
    modelPath: join(folder, model.path),
  })
  if (hidden !== entry.hidden || layers.length !== entry.layers) {
    throw new WinnowError(
      'model_incompatible',
      `${model.path} has ${layers.length} layers of ${hidden}; config.json says ` +
        `${entry.layers} of ${entry.hidden}.`,
    )
  }
  loadTokenizer({ json: await readFile(join(folder, tokenizer.path)) })
  return entry
}

/** Stores the description from `readBaseFolder` beside the copied files in `dir`. */
export async function writeBaseFacts(dir: string, entry: BaseCatalogEntry): Promise<void> {
  const { name, hidden, layers, heads, maxTokens, positions, epsilon, pooling, sources } = entry
  const [source] = sources
  if (source?.kind !== 'folder') throw new TypeError(`${name} does not come from a folder`)
  const { path: folder, model, tokenizer } = source
  const facts: z.infer<typeof factsSchema> = {
    format: 1,
    name,
    hidden,
    layers,
    heads,
    maxTokens,
    positions,
    epsilon,
    pooling,
    folder,
    model,
    tokenizer,
  }
  await writeFile(join(dir, factsFile), `${JSON.stringify(facts, null, 2)}\n`)
}

/** The base encoders in the store that came from folders. */
export async function ownBases(storeDir: string): Promise<BaseCatalogEntry[]> {
  const dir = join(resolve(storeDir), 'bases')
  const names = await readdir(dir).catch(() => [])
  const entries: BaseCatalogEntry[] = []
  for (const name of names.sort()) {
    const text = await readFile(join(dir, name, factsFile), 'utf8').catch(() => undefined)
    const facts = text === undefined ? undefined : parseFacts(text)
    if (facts === undefined) continue
    const { folder, model, tokenizer } = facts
    const sources = [{ kind: 'folder', path: folder, model, tokenizer }] as const
    const { hidden, layers, heads, maxTokens, positions, epsilon, pooling } = facts
    const shape = { hidden, layers, heads, maxTokens, positions, epsilon, pooling }
    entries.push({ name: facts.name, aliases: [], ...shape, normalize: true, sources })
  }
  return entries
}

/**
 * Undefined if it cannot be read. The base then counts as absent, and pulling it again repairs it.
 */
function parseFacts(text: string): z.infer<typeof factsSchema> | undefined {
  try {
    return factsSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function checkedConfig(json: unknown): z.infer<typeof configSchema> {
  const parsed = configSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new WinnowError(
    'model_incompatible',
    `Not a BERT encoder that Winnow can train: config.json, ${issueSentence(issue!, json)}. ` +
      'To serve a finished classifier of another family, use: winnow models import',
  )
}

async function poolingOf(folder: string): Promise<'mean' | 'cls'> {
  const path = join(folder, '1_Pooling', 'config.json')
  if ((await fileSize(path)).bytes === 0) return 'mean'
  const flags = z.record(z.string(), z.unknown()).parse(await readJson(path))
  return flags['pooling_mode_cls_token'] === true ? 'cls' : 'mean'
}

async function maxTokensOf(folder: string): Promise<number> {
  const path = join(folder, 'sentence_bert_config.json')
  if ((await fileSize(path)).bytes === 0) return maxTokensDefault
  const limits = z.object({ max_seq_length: z.int().positive().nullish() })
  return limits.parse(await readJson(path)).max_seq_length ?? maxTokensDefault
}

async function firstPresent(folder: string, paths: readonly string[]): Promise<PinnedFile> {
  for (const path of paths) {
    const { bytes } = await fileSize(join(folder, path))
    if (bytes > 0) return { path, bytes, sha256: await sha256OfFile(join(folder, path)) }
  }
  throw new WinnowError(
    'usage',
    `${folder} has none of ${paths.join(', ')}; give the folder of a BERT encoder.`,
  )
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (cause) {
    const message = `A base encoder's folder needs ${path}: ${errorMessage(cause)}`
    throw new WinnowError('usage', message, { cause })
  }
}
