// What of a Hugging Face tokenizer.json is read, and which kinds of it are supported: WordPiece as BERT has
// it, byte-level BPE as RoBERTa and ModernBERT have it, Unigram as XLM-R has it. Parts that would change ids
// and are not supported are refused by name; what they do is in the files beside this one.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { postProcessorSchema } from './template.ts'

/** A JSON object whose values are ids; checked as it is read into a map. */
const vocabulary = z.custom<Readonly<Record<string, number>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of ids',
)
/** As above for lists: schemas of 250,000 elements would take longer than everything else. */
const list = <T>() => z.custom<readonly T[]>((value) => Array.isArray(value), 'must be a list')
const absent = z.literal([null, '']).optional()

const wordPiece = z.object({
  normalizer: z.object({
    type: z.literal('BertNormalizer'),
    clean_text: z.literal(true),
    handle_chinese_chars: z.literal(true),
    // Absent means: as `lowercase` says.
    strip_accents: z.boolean().nullable().default(null),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.object({ type: z.literal('BertPreTokenizer') }),
  model: z.object({
    type: z.literal('WordPiece'),
    unk_token: z.string(),
    continuing_subword_prefix: z.string().min(1),
    max_input_chars_per_word: z.int().positive(),
    vocab: vocabulary,
  }),
})

const composer = z.object({ type: z.literal('NFC') })
const bytePairs = z.object({
  normalizer: z.union([
    z.null(),
    composer,
    z.object({ type: z.literal('Sequence'), normalizers: z.array(composer).max(1) }),
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
    byte_fallback: z.literal(false).default(false),
    ignore_merges: z.boolean().default(false),
    vocab: vocabulary,
    merges: list<string | readonly [string, string]>(),
  }),
})

const precompiled = z.object({ type: z.literal('Precompiled'), precompiled_charsmap: z.string() })
const trailing = z.object({
  type: z.literal('Strip'),
  strip_left: z.literal(false),
  strip_right: z.literal(true),
})
const runs = z.object({
  type: z.literal('Replace'),
  pattern: z.object({ Regex: z.literal(' {2,}') }),
  content: z.literal([' ', '\u2581']),
})
const metaspace = z.object({
  type: z.literal('Metaspace'),
  replacement: z.string().length(1),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  // The older way to say it.
  add_prefix_space: z.boolean().optional(),
  split: z.literal(true).default(true),
})
const unigram = z.object({
  normalizer: z.union([
    z.null(),
    precompiled,
    z.object({
      type: z.literal('Sequence'),
      normalizers: z.array(z.discriminatedUnion('type', [precompiled, trailing, runs])),
    }),
  ]),
  pre_tokenizer: z.union([
    metaspace,
    z.object({
      type: z.literal('Sequence'),
      pretokenizers: z.tuple([z.object({ type: z.literal('WhitespaceSplit') }), metaspace]),
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
      single_word: z.literal(false),
      lstrip: z.boolean().default(false),
      rstrip: z.boolean().default(false),
      normalized: z.boolean(),
    }),
  ),
  post_processor: postProcessorSchema,
})

/** The parts of a tokenizer.json that decide ids. */
export type TokenizerFile = z.infer<typeof shared> &
  (
    | ({ readonly kind: 'WordPiece' } & z.infer<typeof wordPiece>)
    | ({ readonly kind: 'BPE' } & z.infer<typeof bytePairs>)
    | ({ readonly kind: 'Unigram' } & z.infer<typeof unigram>)
  )

/**
 * Reads the bytes of a tokenizer.json. Throws WinnowError 'model_corrupt' (not JSON) or
 * 'model_incompatible', which names the parts that are not supported.
 */
export function parseTokenizerFile(json: Uint8Array): TokenizerFile {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch (cause) {
    throw corruptTokenizer('it is not valid JSON', cause)
  }
  const { type } = z
    .object({ model: z.object({ type: z.string() }) })
    .catch(noModel)
    .parse(value).model
  const common = check(shared, value)
  switch (type) {
    case 'WordPiece':
      return { kind: type, ...common, ...check(wordPiece, value) }
    case 'BPE':
      return { kind: type, ...common, ...check(bytePairs, value) }
    case 'Unigram':
      return { kind: type, ...common, ...check(unigram, value) }
    default:
      throw incompatible([`model.type: '${type}' is none of WordPiece, BPE and Unigram`])
  }
}

/** The error for a tokenizer.json that contradicts itself. */
export function corruptTokenizer(reason: string, cause?: unknown): WinnowError {
  return new WinnowError('model_corrupt', `tokenizer.json is damaged: ${reason}.`, { cause })
}

const noModel = { model: { type: '' } }

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw incompatible(
    parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  )
}

function incompatible(issues: readonly string[]): WinnowError {
  return new WinnowError(
    'model_incompatible',
    `tokenizer.json is not of a kind that is supported: ${issues.slice(0, 5).join('; ')}`,
    { details: { issues: issues.slice(0, 20) } },
  )
}
