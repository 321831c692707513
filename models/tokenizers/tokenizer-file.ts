// Parses a Hugging Face tokenizer.json and decides which engine runs it. Winnow's own scanners
// support WordPiece as in BERT, byte-level BPE as in RoBERTa and ModernBERT, and Unigram as in
// XLM-R and DeBERTa. The library runs other kinds (library-file.ts). For the rest, the error names
// the unsupported part.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { withReferenceIds } from './added-tokens.ts'
import { libraryFile } from './library-file.ts'
import { postProcessorSchema } from './template.ts'
import { absent, list, oneFirstMark, vocabulary } from './vocabulary.ts'

const wordPiece = z.object({
  normalizer: z.object({
    type: z.literal('BertNormalizer'),
    clean_text: z.literal(true),
    handle_chinese_chars: z.boolean(),
    // If absent, `lowercase` decides.
    strip_accents: z.boolean().nullable().default(null),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.object({ type: z.literal('BertPreTokenizer') }),
  model: z.object({
    type: z.literal('WordPiece'),
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.int().min(0),
    vocab: vocabulary,
  }),
})

const composer = z.object({ type: z.literal('NFC') })
const bytePairs = z.object({
  normalizer: z.union([
    z.null(),
    composer,
    z.object({ type: z.literal('Sequence'), normalizers: z.array(composer) }),
  ]),
  pre_tokenizer: z.object({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.boolean(),
    use_regex: z.literal(true).default(true),
  }),
  model: z.object({
    type: z.literal('BPE'),
    dropout: z.literal([null, 0]).optional(),
    continuing_subword_prefix: absent,
    end_of_word_suffix: absent,
    unk_token: z.string().nullish(),
    fuse_unk: z.boolean().default(false),
    byte_fallback: z.boolean().default(false),
    ignore_merges: z.boolean().default(false),
    vocab: vocabulary,
    merges: list<string | readonly [string, string]>(),
  }),
})

const precompiled = z.object({ type: z.literal('Precompiled'), precompiled_charsmap: z.string() })
const strip = z.object({
  type: z.literal('Strip'),
  strip_left: z.boolean(),
  strip_right: z.boolean(),
})
const runs = z.object({
  type: z.literal('Replace'),
  pattern: z.object({ Regex: z.literal([' {2,}', '\\s{2,}|[\\n\\r\\t]']) }),
  content: z.literal([' ', '\u2581']),
})
const unigramStep = z.discriminatedUnion('type', [
  precompiled,
  strip,
  runs,
  composer,
  z.object({ type: z.literal('Lowercase') }),
])
const metaspace = z
  .object({
    type: z.literal('Metaspace'),
    replacement: z.string().length(1),
    prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
    // The older field for it.
    add_prefix_space: z.boolean().optional(),
    split: z.literal(true).default(true),
  })
  .refine(...oneFirstMark)
const unigram = z.object({
  normalizer: z.union([
    z.null(),
    unigramStep,
    z.object({ type: z.literal('Sequence'), normalizers: z.array(unigramStep) }),
  ]),
  pre_tokenizer: z.union([
    metaspace,
    z.object({
      type: z.literal('Sequence'),
      pretokenizers: z.union([
        z.tuple([metaspace]),
        z.tuple([z.object({ type: z.literal('WhitespaceSplit') }), metaspace]),
      ]),
    }),
  ]),
  model: z.object({
    type: z.literal('Unigram'),
    unk_id: z.int().min(0),
    byte_fallback: z.literal(false).default(false),
    vocab: list<readonly [string, number]>(),
  }),
})

const shared = z.object({
  added_tokens: z.array(
    z.object({
      id: z.int().min(0),
      content: z.string().min(1),
      single_word: z.boolean().default(false),
      lstrip: z.boolean().default(false),
      rstrip: z.boolean().default(false),
      normalized: z.boolean(),
    }),
  ),
  post_processor: postProcessorSchema,
})

/** The parts of a tokenizer.json that decide ids, by the engine that runs it. */
export type TokenizerFile = z.infer<typeof shared> &
  (
    | ({ readonly kind: 'WordPiece' } & z.infer<typeof wordPiece>)
    | ({ readonly kind: 'BPE' } & z.infer<typeof bytePairs>)
    | ({ readonly kind: 'Unigram' } & z.infer<typeof unigram>)
    | ({ readonly kind: 'library' } & z.infer<typeof libraryFile>)
  )

/**
 * Parses the bytes of a tokenizer.json. Throws WinnowError 'model_corrupt' if they are not JSON,
 * and 'model_incompatible', which names the unsupported parts.
 */
export function parseTokenizerFile(json: Uint8Array): TokenizerFile {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch (cause) {
    throw corruptTokenizer('it is not valid JSON', cause)
  }
  const common = check(shared, value)
  const file = ownFile(value, common) ?? {
    kind: 'library' as const,
    ...check(libraryFile, value),
    ...common,
  }
  requireStart(file)
  return { ...file, added_tokens: withReferenceIds(common.added_tokens, file.model.vocab) }
}

/**
 * Refuses `prepend_scheme: first` after a normalizer that removes leading characters. The scheme
 * marks the word at the start of the raw text, which cannot be found after such a normalizer.
 */
function requireStart({ normalizer, pre_tokenizer: split }: TokenizerFile): void {
  const marksFirst = JSON.stringify(split).includes('"prepend_scheme":"first"')
  if (normalizer === null || !marksFirst) return
  const steps = normalizer.type === 'Sequence' ? normalizer.normalizers : [normalizer]
  const taking = steps.find(
    (step) =>
      step.type === 'StripAccents' ||
      step.type === 'BertNormalizer' ||
      (step.type === 'Strip' && step.strip_left) ||
      (step.type === 'Replace' && step.content === ''),
  )
  if (taking !== undefined) {
    throw incompatible([`prepend_scheme: first after the normalizer ${taking.type}`])
  }
}

/** The file, if one of Winnow's own scanners supports all of its parts. */
function ownFile(value: unknown, common: z.infer<typeof shared>): TokenizerFile | undefined {
  const asWordPiece = wordPiece.safeParse(value)
  if (asWordPiece.success) return { kind: 'WordPiece', ...asWordPiece.data, ...common }
  const asBytePairs = bytePairs.safeParse(value)
  if (asBytePairs.success) return { kind: 'BPE', ...asBytePairs.data, ...common }
  const asUnigram = unigram.safeParse(value)
  if (asUnigram.success) return { kind: 'Unigram', ...asUnigram.data, ...common }
  return undefined
}

/** The error for a tokenizer.json that contradicts itself. */
export function corruptTokenizer(reason: string, cause?: unknown): WinnowError {
  return new WinnowError('model_corrupt', `tokenizer.json is damaged: ${reason}.`, { cause })
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw incompatible(parsed.error.issues.map((issue) => issueSentence(issue, value)))
}

/** The error for an unsupported kind of tokenizer.json. */
export function incompatible(issues: readonly string[]): WinnowError {
  return new WinnowError(
    'model_incompatible',
    `tokenizer.json is not of a supported kind: ${issues.slice(0, 5).join('; ')}`,
    { details: { issues: issues.slice(0, 20) } },
  )
}
