// Normalizers and pre-tokenizers in the form that @huggingface/tokenizers runs correctly. For some
// it silently differs from the reference. These are rewritten here into an equivalent that both run
// alike, or refused. docs/importing.md lists the known remaining differences.
import { z } from 'zod'
import { oneFirstMark } from './vocabulary.ts'

const pattern = z.union([
  z.object({ String: z.string().min(1) }).transform((one) => ({ Regex: escaped(one.String) })),
  z.object({ Regex: z.string().min(1) }),
])

const oneNormalizer = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents']) }),
    z.object({
      type: z.literal('BertNormalizer'),
      clean_text: z.literal(true),
      handle_chinese_chars: z.boolean(),
      strip_accents: z.boolean().nullable().default(null),
      lowercase: z.boolean(),
    }),
    z.object({ type: z.literal('Precompiled'), precompiled_charsmap: z.string() }),
    z.object({ type: z.literal('Strip'), strip_left: z.boolean(), strip_right: z.boolean() }),
    z.object({ type: z.literal('Prepend'), prepend: z.string() }),
    z
      .object({ type: z.literal('Replace'), pattern, content: z.string() })
      // The library would replace '$&' and similar patterns by the match.
      .transform((one) => ({ ...one, content: one.content.replaceAll('$', '$$$$') })),
  ],
  { error: unknownType },
)

/** `normalizer` of a tokenizer.json, as far as the library runs it like the reference. */
export const libraryNormalizer = z
  .discriminatedUnion(
    'type',
    [z.object({ type: z.literal('Sequence'), normalizers: z.array(oneNormalizer) }), oneNormalizer],
    { error: unknownType },
  )
  .nullable()

/** A pre-tokenizer in the library's format. */
type Part = { readonly type: string; readonly [field: string]: unknown }

const split = (regex: string, behavior: 'Isolated' | 'Removed'): Part => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior,
  invert: false,
})
/** Keeps the matches and drops the rest. */
const keep = (regex: string): Part => ({ ...split(regex, 'Removed'), invert: true })

const word = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d'
const punctuation = '\\p{P}\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e'

const byteWords =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

const metaspace = z
  .object({
    type: z.literal('Metaspace'),
    replacement: z.string().length(1),
    prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
    // The older field for it.
    add_prefix_space: z.boolean().optional(),
    split: z.boolean().default(true),
  })
  .refine(...oneFirstMark)
  .transform((one): Part[] => {
    const scheme = one.prepend_scheme ?? ((one.add_prefix_space ?? true) ? 'always' : 'never')
    const mark = escaped(one.replacement)
    const marked = { type: one.type, replacement: one.replacement, prepend_scheme: scheme }
    // The library never splits at the marks.
    return one.split ? [marked, keep(`${mark}[^${mark}]*|[^${mark}]+`)] : [marked]
  })

const onePreTokenizer = z.discriminatedUnion(
  'type',
  [
    metaspace,
    z
      .object({ type: z.literal('BertPreTokenizer') })
      .transform(() => [split('\\s+', 'Removed'), split(`[${punctuation}]`, 'Isolated')]),
    z
      .object({
        type: z.literal('ByteLevel'),
        add_prefix_space: z.boolean(),
        use_regex: z.boolean().default(true),
      })
      .transform((one): Part[] =>
        // White space in the library's own pattern is that of JavaScript.
        one.use_regex && !one.add_prefix_space
          ? [split(byteWords, 'Isolated'), { ...one, use_regex: false }]
          : [one],
      ),
    // White space, words and digits in the library are those of ASCII or JavaScript.
    z.object({ type: z.literal('WhitespaceSplit') }).transform(() => [split('\\s+', 'Removed')]),
    z
      .object({ type: z.literal('Whitespace') })
      .transform(() => [keep(`[${word}]+|[^${word}\\s]+`)]),
    z
      .object({ type: z.literal('Digits'), individual_digits: z.boolean() })
      .transform((one) => [split(one.individual_digits ? '\\p{N}' : '\\p{N}+', 'Isolated')]),
    // The library matches runs of punctuation, whatever the behaviour.
    z
      .object({
        type: z.literal('Punctuation'),
        behavior: z.enum(['Isolated', 'Removed', 'Contiguous']).default('Isolated'),
      })
      .transform((one) => [
        one.behavior === 'Contiguous'
          ? split(`[${punctuation}]+`, 'Isolated')
          : split(`[${punctuation}]`, one.behavior),
      ]),
    z
      .object({ type: z.literal('CharDelimiterSplit'), delimiter: z.string().min(1) })
      .transform((one) => [split(escaped(one.delimiter), 'Removed')]),
    z
      .object({
        type: z.literal('Split'),
        pattern,
        behavior: z.enum(['Isolated', 'Removed']),
        invert: z.boolean().default(false),
      })
      .refine(
        ({ pattern: { Regex: regex }, behavior }) =>
          behavior === 'Isolated' || !/(?<!\\)\((?!\?)/.test(regex),
        'a pattern whose matches are removed must not have groups that capture',
      )
      .transform(({ pattern: { Regex: regex }, behavior, invert }) => [
        behavior === 'Removed' && invert ? keep(regex) : split(regex, behavior),
      ]),
  ],
  { error: unknownType },
)

/** `pre_tokenizer` of a tokenizer.json, in the library's format. */
export const libraryPreTokenizer = z
  .discriminatedUnion(
    'type',
    [
      z
        .object({ type: z.literal('Sequence'), pretokenizers: z.array(onePreTokenizer) })
        .refine(
          ({ pretokenizers }) =>
            pretokenizers.slice(1).every((parts) => parts[0]?.['prepend_scheme'] !== 'first'),
          'a Metaspace that marks the first word must be the first part',
        )
        .transform(({ pretokenizers }) => pretokenizers.flat()),
      onePreTokenizer,
    ],
    { error: unknownType },
  )
  .transform((pretokenizers): Part => ({ type: 'Sequence', pretokenizers }))
  .nullable()

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function unknownType({ input }: { input?: unknown }): string {
  const { type } = z.looseObject({ type: z.string() }).catch({ type: '' }).parse(input)
  return `"${type}" is not known`
}
