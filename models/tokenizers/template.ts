// Reads the special tokens around a text from the `post_processor` of a tokenizer.json. Templates
// for pairs of texts are ignored, because Winnow does not encode pairs.
import { z } from 'zod'

/** The ids before and after a text. */
export type Template = { readonly prefix: readonly number[]; readonly suffix: readonly number[] }

const namedToken = z.tuple([z.string(), z.int()])
const templateItem = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.literal(0) }) }),
  z.object({ Sequence: z.object({ id: z.literal('A'), type_id: z.literal(0) }) }),
])

const oneProcessor = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ByteLevel') }),
  z.object({ type: z.literal('BertProcessing'), sep: namedToken, cls: namedToken }),
  z.object({ type: z.literal('RobertaProcessing'), sep: namedToken, cls: namedToken }),
  z
    .object({
      type: z.literal('TemplateProcessing'),
      single: z
        .array(templateItem)
        .refine(
          (items) => items.filter((item) => 'Sequence' in item).length === 1,
          'a template has one text',
        ),
      special_tokens: z.record(z.string(), z.object({ ids: z.array(z.int()) })),
    })
    .refine(
      ({ single, special_tokens: tokens }) =>
        single.every(
          (item) => !('SpecialToken' in item) || Object.hasOwn(tokens, item.SpecialToken.id),
        ),
      'a token of the template is not among special_tokens',
    ),
])

/** `post_processor` of a tokenizer.json, as far as it is supported. */
export const postProcessorSchema = z.union([
  z.null(),
  oneProcessor,
  z.object({ type: z.literal('Sequence'), processors: z.array(oneProcessor) }),
])

/** The ids that a post-processor puts around one text. */
export function templateOf(processor: z.infer<typeof postProcessorSchema>): Template {
  if (processor === null) return { prefix: [], suffix: [] }
  if (processor.type === 'Sequence') {
    // Each processor works on the result of the previous one.
    return processor.processors.map(templateOf).reduce(
      (inner, outer) => ({
        prefix: [...outer.prefix, ...inner.prefix],
        suffix: [...inner.suffix, ...outer.suffix],
      }),
      { prefix: [], suffix: [] },
    )
  }
  switch (processor.type) {
    case 'ByteLevel':
      return { prefix: [], suffix: [] }
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { prefix: [processor.cls[1]], suffix: [processor.sep[1]] }
    case 'TemplateProcessing': {
      const { single, special_tokens: tokens } = processor
      const at = single.findIndex((item) => 'Sequence' in item)
      const idsOf = (items: typeof single): number[] =>
        items.flatMap((item) => ('SpecialToken' in item ? tokens[item.SpecialToken.id]!.ids : []))
      return { prefix: idsOf(single.slice(0, at)), suffix: idsOf(single.slice(at + 1)) }
    }
  }
}
