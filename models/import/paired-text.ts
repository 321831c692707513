// Models over pairs of texts, one of which is the same for every event: the hypothesis of NLI, the
// query of a cross-encoder. Its tokens become special tokens around the event's text in
// tokenizer.json, so that everything that reads the version encodes one text. typed-tokens.ts gives
// the tokens their types in the graph.
import { z } from 'zod'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { PairedText } from '../store/manifest.ts'
import { loadTokenizer } from '../tokenizers/tokenizer.ts'
import { checkJson } from './export-files.ts'
import type { TokenTypes } from './typed-tokens.ts'

/** A tokenizer.json that puts the paired text around that of an event. */
export type PairTokenizer = {
  readonly json: Uint8Array
  readonly types: TokenTypes
}

const namedToken = z.tuple([z.string(), z.int()])
const item = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int() }) }),
  z.object({ Sequence: z.object({ id: z.enum(['A', 'B']), type_id: z.int() }) }),
])
type Item = z.infer<typeof item>
const specialToken = z.object({
  id: z.string(),
  ids: z.array(z.int()),
  tokens: z.array(z.string()),
})
type SpecialToken = z.infer<typeof specialToken>

const namedTokens = { cls: namedToken, sep: namedToken }
const processor = z.discriminatedUnion('type', [
  z.object({ type: z.literal('BertProcessing'), ...namedTokens }),
  z.object({ type: z.literal('RobertaProcessing'), ...namedTokens }),
  z.object({
    type: z.literal('TemplateProcessing'),
    pair: z.array(item),
    special_tokens: z.record(z.string(), specialToken),
  }),
])
const anyProcessor = z.looseObject({ type: z.string() })
const pairFile = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })),
  model: z.looseObject({ vocab: z.unknown() }),
  post_processor: anyProcessor.nullable(),
})
type PairFile = z.infer<typeof pairFile>

/**
 * Writes the paired text into the template of a tokenizer.json. Only the event's text is cut, as by
 * the reference while the paired text has at most half of the tokens; a longer one is refused
 * ('usage'). Throws 'model_incompatible' for a tokenizer.json without a usable template for pairs.
 */
export function pairTokenizer(
  json: Uint8Array,
  { place, text, maxTokens }: PairedText & { maxTokens: number },
): PairTokenizer {
  const file = checkJson('tokenizer.json', JSON.parse(Buffer.from(json).toString()), pairFile)
  const { pair, specials } = pairTemplate(file.post_processor)
  const bare = Buffer.from(JSON.stringify({ ...file, post_processor: null }))
  const { ids, truncated } = loadTokenizer({ json: bare }).encode(text, { maxTokens })
  const added = pair.map((part) => specialOf(part, specials)?.ids.length ?? 0)
  const room = maxTokens - added.reduce((sum, tokens) => sum + tokens, 0)
  requireRoom(ids.length, { place, room, maxTokens, truncated })
  const own = place === 'first' ? 'A' : 'B'
  const paired = { id: pairedName, ids: Array.from(ids), tokens: tokensOf(ids, file) }
  const parts = pair.map((part) => {
    const special = isText(part, own) ? paired : specialOf(part, specials)
    const type = 'Sequence' in part ? part.Sequence.type_id : part.SpecialToken.type_id
    return { special, type, tokens: special?.ids.length }
  })
  const template = {
    type: 'TemplateProcessing',
    // The graph makes the types, and a reader of one text expects none but 0.
    single: parts.map(({ special }) =>
      special === undefined
        ? { Sequence: { id: 'A', type_id: 0 } }
        : { SpecialToken: { id: special.id, type_id: 0 } },
    ),
    pair,
    special_tokens: { ...Object.fromEntries(specials), [pairedName]: paired },
  }
  return {
    json: Buffer.from(JSON.stringify({ ...file, post_processor: template })),
    types: typesOf(parts),
  }
}

/** The name of the paired text among the special tokens of a template. */
const pairedName = 'paired text'

/**
 * Refuses a text that leaves the event's less than half: the reference may then cut the paired one.
 */
function requireRoom(
  length: number,
  found: { place: string; room: number; maxTokens: number; truncated: boolean },
): void {
  const { place, room, maxTokens, truncated } = found
  if (length === 0) throw new WinnowError('usage', `The ${place} text has no tokens.`)
  if (!truncated && length <= room / 2) return
  const tokens = truncated ? `more than ${maxTokens} tokens` : counted(length, 'token')
  throw new WinnowError(
    'usage',
    `The ${place} text has ${tokens}. It may have ${Math.floor(room / 2)}, half of the ` +
      `${maxTokens} tokens of a pair without its special tokens.`,
  )
}

type Template = {
  readonly pair: readonly Item[]
  readonly specials: ReadonlyMap<string, SpecialToken>
}

/** The template for pairs; parts of the post-processor that add no tokens do not matter. */
function pairTemplate(processors: PairFile['post_processor']): Template {
  const every = z.array(anyProcessor).safeParse(processors?.['processors'] ?? [processors])
  const adding = every.data?.filter(({ type }) => type !== 'ByteLevel') ?? []
  const one = processor.safeParse(adding[0])
  if (adding.length !== 1 || !one.success) throw withoutTemplate()
  const template = templateOf(one.data)
  const texts = template.pair.flatMap((part) => ('Sequence' in part ? [part.Sequence.id] : []))
  const named = template.pair.every(
    (part) => 'Sequence' in part || specialOf(part, template.specials),
  )
  if (!named || texts.toSorted().join('') !== 'AB') throw withoutTemplate()
  return template
}

function templateOf(one: z.infer<typeof processor>): Template {
  if (one.type === 'TemplateProcessing') {
    return { pair: one.pair, specials: new Map(Object.entries(one.special_tokens)) }
  }
  const specials = new Map(
    [one.cls, one.sep].map(([id, number]) => [id, { id, ids: [number], tokens: [id] }]),
  )
  const isBert = one.type === 'BertProcessing'
  const special = (name: 'cls' | 'sep', type_id: number): Item => {
    return { SpecialToken: { id: one[name][0], type_id } }
  }
  const second = isBert ? 1 : 0
  // RoBERTa's own has a separator twice and no types.
  const pair: Item[] = [
    special('cls', 0),
    { Sequence: { id: 'A', type_id: 0 } },
    special('sep', 0),
    ...(isBert ? [] : [special('sep', 0)]),
    { Sequence: { id: 'B', type_id: second } },
    special('sep', second),
  ]
  return { pair, specials }
}

function specialOf(part: Item, specials: Template['specials']): SpecialToken | undefined {
  if (!('SpecialToken' in part)) return undefined
  const special = specials.get(part.SpecialToken.id)
  // The template refers to the key.
  return special && { ...special, id: part.SpecialToken.id }
}

function isText(part: Item, id: 'A' | 'B'): boolean {
  return 'Sequence' in part && part.Sequence.id === id
}

/** The names of ids, which a template lists beside them. */
function tokensOf(ids: Int32Array, { model, added_tokens: added }: PairFile): string[] {
  const wanted = new Set(ids)
  const names = new Map<number, string>()
  const vocabulary = Array.isArray(model.vocab)
    ? (model.vocab as [string][]).map(([name], id) => [name, id] as const)
    : Object.entries(model.vocab as Record<string, number>)
  for (const [name, id] of vocabulary) if (wanted.has(id)) names.set(id, name)
  for (const { id, content } of added) if (wanted.has(id)) names.set(id, content)
  return Array.from(ids, (id) => names.get(id) ?? `#${id}`)
}

/** `tokens` is undefined for the event's text. */
function typesOf(parts: readonly { type: number; tokens: number | undefined }[]): TokenTypes {
  const from = parts.findIndex(({ type }) => type !== 0)
  if (from < 0) return undefined
  if (parts.slice(from).some(({ type }) => type !== 1)) {
    const types = parts.map(({ type }) => type).join(', ')
    throw new WinnowError(
      'model_incompatible',
      `tokenizer.json gives the parts of a pair the types ${types}; Winnow gives 0 up to some part, and 1 from there on.`,
    )
  }
  const event = parts.findIndex(({ tokens }) => tokens === undefined)
  const sum = (some: typeof parts): number => some.reduce((all, { tokens = 0 }) => all + tokens, 0)
  return event < from
    ? { ones: 'last', tokens: sum(parts.slice(from)) }
    : { ones: 'after', tokens: sum(parts.slice(0, from)) }
}

function withoutTemplate(): WinnowError {
  return new WinnowError(
    'model_incompatible',
    'tokenizer.json has no template for pairs of texts (post_processor: BertProcessing, ' +
      'RobertaProcessing, or TemplateProcessing with a pair of A and B).',
  )
}
