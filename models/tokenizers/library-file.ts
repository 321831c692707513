// Decides which tokenizer.json files the library @huggingface/tokenizers may run: the models that
// it runs like the reference, with the parts in library-parts.ts. Features that it would silently
// ignore (dropout, prefixes of BPE, bytes in Unigram) are refused. library-scanner.ts runs it.
import { z } from 'zod'
import type { AddedToken } from './added-tokens.ts'
import { libraryNormalizer, libraryPreTokenizer } from './library-parts.ts'
import { absent, list, vocabulary } from './vocabulary.ts'

const unknownIsThere = [
  ({ unk_token: unknown, vocab }: { unk_token?: string | null; vocab: Record<string, number> }) =>
    unknown === undefined || unknown === null || Object.hasOwn(vocab, unknown),
  'the unknown token is not in the vocabulary',
] as const

const model = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('WordLevel'), unk_token: z.string(), vocab: vocabulary })
    .refine(...unknownIsThere),
  z
    .object({
      type: z.literal('WordPiece'),
      unk_token: z.string(),
      continuing_subword_prefix: z.string(),
      max_input_chars_per_word: z.int().positive(),
      vocab: vocabulary,
    })
    .refine(...unknownIsThere),
  z
    .object({
      type: z.literal('BPE'),
      dropout: z.literal([null, 0]).optional(),
      unk_token: z.string().nullish(),
      continuing_subword_prefix: absent,
      end_of_word_suffix: z.string().nullish(),
      fuse_unk: z.boolean().default(false),
      byte_fallback: z.boolean().default(false),
      ignore_merges: z.boolean().default(false),
      vocab: vocabulary,
      merges: list<string | readonly [string, string]>(),
    })
    .refine(...unknownIsThere),
  z
    .object({
      type: z.literal('Unigram'),
      unk_id: z.int().min(0),
      byte_fallback: z.literal(false).default(false),
      vocab: list<readonly [string, number]>(),
    })
    .refine(
      ({ unk_id: id, vocab }) => id < vocab.length,
      'the unknown token is not in the vocabulary',
    ),
])

/** A tokenizer.json for the library, without added tokens and the tokens around a text. */
export const libraryFile = z.object({
  normalizer: libraryNormalizer,
  pre_tokenizer: libraryPreTokenizer,
  model,
})

export type LibraryParts = z.infer<typeof libraryFile> & {
  readonly added_tokens: readonly AddedToken[]
}
