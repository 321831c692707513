// Checks the tokenizer settings in other files, and those for truncation and padding in
// tokenizer.json. Winnow derives ids from tokenizer.json only, so settings that would change ids
// are refused by name. tokenizers/tokenizer-file.ts decides which tokenizer.json files are
// supported.
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import type { PairedText } from '../store/manifest.ts'
import { exportInvalid, readJson, type ExportFiles } from './export-files.ts'

const addedToken = z.looseObject({
  content: z.string(),
  lstrip: z.boolean().optional(),
  rstrip: z.boolean().optional(),
  single_word: z.boolean().optional(),
})
type AddedToken = z.infer<typeof addedToken>
const token = z.union([z.string().transform((content): AddedToken => ({ content })), addedToken])

const specialNames = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map(
  (name) => `${name}_token`,
)
const specials = z.looseObject({
  ...Object.fromEntries(specialNames.map((name) => [name, token.nullish()])),
  additional_special_tokens: z.array(token).nullish(),
})

const settingsSchema = z.looseObject({
  truncation_side: z.string().nullish(),
  truncation_strategy: z.string().nullish(),
  padding_side: z.string().nullish(),
  split_special_tokens: z.boolean().nullish(),
  do_lower_case: z.boolean().nullish(),
  keep_accents: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  split_by_punct: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish(),
  added_tokens_decoder: z.record(z.string(), addedToken).nullish(),
})
type Settings = z.infer<typeof settingsSchema>

const part = z.looseObject({ type: z.string() })
type Part = z.infer<typeof part>
const tokenizerSchema = z.looseObject({
  truncation: z
    .looseObject({ direction: z.string().optional(), strategy: z.string().optional() })
    .nullish(),
  padding: z.looseObject({ direction: z.string().optional(), strategy: z.unknown() }).nullish(),
  added_tokens: z.array(addedToken.extend({ id: z.int() })).default([]),
  normalizer: part.nullish(),
  pre_tokenizer: part.nullish(),
  post_processor: part.nullish(),
})
type TokenizerJson = z.infer<typeof tokenizerSchema>

/**
 * Looks through tokenizer_config.json, special_tokens_map.json, added_tokens.json and the parts of
 * tokenizer.json that ids do not come from. Throws WinnowError 'model_incompatible' for a setting
 * that Winnow does not follow, 'export_invalid' for one that contradicts tokenizer.json.
 */
export async function requireTokenizerSettings(
  { dir, tokenizerPath }: ExportFiles,
  { hasMask, pairedText }: { hasMask: boolean; pairedText: PairedText | undefined },
): Promise<void> {
  const tokenizer = await readJson(tokenizerPath, tokenizerSchema)
  const configPath = join(dir, 'tokenizer_config.json')
  const settings = await readIfThere(configPath, settingsSchema)
  requireRightTruncation(tokenizer, { settings: settings ?? {}, pairedText })
  requireNoPadding(tokenizer, { side: settings?.padding_side ?? undefined, hasMask })
  if (settings !== undefined) requireSettings(tokenizer, settings)
  for (const path of [configPath, join(dir, 'special_tokens_map.json')]) {
    requireSpecials(tokenizer, { path, given: await readIfThere(path, specials) })
  }
  const addedPath = join(dir, 'added_tokens.json')
  const added = await readIfThere(addedPath, z.record(z.string(), z.int()))
  for (const [content, id] of Object.entries(added ?? {})) {
    requireToken(tokenizer, { path: addedPath, content, id })
  }
  for (const [id, one] of Object.entries(settings?.added_tokens_decoder ?? {})) {
    requireToken(tokenizer, { path: configPath, ...one, id: Number(id) })
  }
}

async function readIfThere<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const isThere = (await stat(path).catch(() => undefined))?.isFile() === true
  return isThere ? readJson(path, schema) : undefined
}

/**
 * Refuses truncation on the left, because Winnow keeps the first tokens of a text, and strategies
 * that do not cut the event's text.
 */
function requireRightTruncation(
  { truncation }: TokenizerJson,
  { settings, pairedText }: { settings: Settings; pairedText: PairedText | undefined },
): void {
  const side = settings.truncation_side ?? truncation?.direction?.toLowerCase() ?? 'right'
  if (side !== 'right') {
    throw incompatible(
      `Its tokenizer cuts long texts at the ${side}` +
        `${settings.truncation_side ? ' (truncation_side)' : ' (truncation.direction)'}, so that their ` +
        'end counts; Winnow keeps their beginning. It can be imported with right instead where that is ' +
        'what the model was trained with.',
    )
  }
  const strategy = settings.truncation_strategy ?? truncation?.strategy ?? 'longest_first'
  // One text has no second part; with two of the strategies it is cut all the same.
  const isSecond = pairedText?.place === 'first'
  const others = isSecond ? /only_?first|do_?not_?truncate/i : /only_?second|do_?not_?truncate/i
  if (others.test(strategy)) {
    const which = pairedText === undefined ? 'a' : isSecond ? 'a second' : 'a first'
    throw incompatible(
      `Its tokenizer does not cut ${which} text that is too long (strategy ${strategy}).`,
    )
  }
}

/** Refuses padding that would change results, because Winnow never pads. */
function requireNoPadding(
  { padding }: TokenizerJson,
  { side, hasMask }: { side: string | undefined; hasMask: boolean },
): void {
  const isFixed = typeof padding?.strategy === 'object' && padding.strategy !== null
  if (!isFixed) return
  const direction = side ?? padding.direction?.toLowerCase() ?? 'right'
  if (direction === 'right' && hasMask) return
  throw incompatible(
    `Its tokenizer pads every text to a fixed length at the ${direction}` +
      (hasMask
        ? ', which moves the positions of its tokens'
        : ', and the graph has no attention_mask') +
      '; Winnow serves texts without padding.',
  )
}

function requireSettings(tokenizer: TokenizerJson, settings: Settings): void {
  if (settings.split_special_tokens === true) {
    throw incompatible(
      'tokenizer_config.json says split_special_tokens: true; Winnow takes a special token in a text as one.',
    )
  }
  const normalizers = partsOf(tokenizer.normalizer, 'normalizers')
  const bert = normalizers.find(({ type }) => type === 'BertNormalizer')
  const stated: [name: keyof Settings, found: boolean | undefined][] = [
    ['do_lower_case', lowersCase(normalizers)],
    ['tokenize_chinese_chars', bert && bert['handle_chinese_chars'] !== false],
  ]
  if (bert === undefined) {
    const keeps = !normalizers.some(({ type }) => type === 'StripAccents')
    if (!hasMap(normalizers)) stated.push(['keep_accents', keeps])
  } else if (settings.strip_accents !== undefined) {
    // Left open, accents go with the case.
    const wanted = settings.strip_accents ?? bert['lowercase'] === true
    const found = bert['strip_accents'] ?? bert['lowercase'] === true
    if (wanted !== found) throw contradiction('strip_accents', settings.strip_accents)
  }
  const { prefix, suffix } = aroundText(tokenizer.post_processor)
  const preTokenizers = partsOf(tokenizer.pre_tokenizer, 'pretokenizers')
  stated.push(['split_by_punct', preTokenizers.some(({ type }) => type === 'Punctuation')])
  const spaces = prefixSpaces(preTokenizers)
  for (const isAdded of spaces) stated.push(['add_prefix_space', isAdded])
  const sides = [
    ['add_bos_token', 'bos_token', prefix],
    ['add_eos_token', 'eos_token', suffix],
  ] as const
  for (const [name, tokenName, ids] of sides) {
    const id = idOf(tokenizer, settings[tokenName])
    stated.push([name, id === undefined ? undefined : ids.includes(id)])
  }
  for (const [name, found] of stated) {
    const wanted = settings[name] ?? undefined
    if (wanted !== undefined && found !== undefined && wanted !== found) {
      throw contradiction(name, wanted)
    }
  }
}

/** A part and, if it is a sequence, those in it. */
function partsOf(value: Part | null | undefined, list: string): Part[] {
  if (value === null || value === undefined) return []
  if (value.type !== 'Sequence') return [value]
  return z
    .array(part)
    .parse(value[list] ?? [])
    .flatMap((one) => partsOf(one, list))
}

/** Whether normalizers lower-case; a SentencePiece character map may too, but is not read here. */
function lowersCase(normalizers: readonly Part[]): boolean | undefined {
  const lowers = normalizers.some(
    (one) =>
      one.type === 'Lowercase' || (one.type === 'BertNormalizer' && one['lowercase'] === true),
  )
  return !lowers && hasMap(normalizers) ? undefined : lowers
}

function hasMap(normalizers: readonly Part[]): boolean {
  return normalizers.some(({ type }) => type === 'Precompiled')
}

/** For each part that can add a space before a text, whether it does. */
function prefixSpaces(preTokenizers: readonly Part[]): boolean[] {
  return preTokenizers.flatMap((one) => {
    if (one.type === 'ByteLevel') return [one['add_prefix_space'] === true]
    if (one.type !== 'Metaspace') return []
    const scheme = one['prepend_scheme']
    return [scheme === undefined ? one['add_prefix_space'] !== false : scheme !== 'never']
  })
}

/** Ids before and after a text, of whatever kind of template. */
function aroundText(processor: Part | null | undefined): { prefix: number[]; suffix: number[] } {
  const around = { prefix: [] as number[], suffix: [] as number[] }
  for (const one of partsOf(processor, 'processors')) {
    const named = z.tuple([z.string(), z.int()])
    if (one.type === 'BertProcessing' || one.type === 'RobertaProcessing') {
      around.prefix.unshift(named.parse(one['cls'])[1])
      around.suffix.push(named.parse(one['sep'])[1])
    }
    if (one.type !== 'TemplateProcessing') continue
    const item = z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional() })
    const known = z.record(z.string(), z.looseObject({ ids: z.array(z.int()) }))
    const idsOf = known.parse(one['special_tokens'])
    const single = z.array(item).parse(one['single'])
    const at = single.findIndex(({ SpecialToken: special }) => special === undefined)
    for (const [index, { SpecialToken: special }] of single.entries()) {
      if (special === undefined) continue
      around[index < at ? 'prefix' : 'suffix'].push(...(idsOf[special.id]?.ids ?? []))
    }
  }
  return around
}

function idOf(tokenizer: TokenizerJson, name: unknown): number | undefined {
  const parsed = token.safeParse(name)
  if (!parsed.success) return undefined
  return tokenizer.added_tokens.find(({ content }) => content === parsed.data.content)?.id
}

function requireSpecials(
  tokenizer: TokenizerJson,
  { path, given }: { path: string; given: z.infer<typeof specials> | undefined },
): void {
  if (given === undefined) return
  for (const name of specialNames) {
    const one = token.safeParse(given[name])
    if (!one.success) continue
    requireToken(tokenizer, { path, name, ...one.data, id: undefined })
    requireAround(tokenizer, { path, name, content: one.data.content })
  }
  for (const one of given.additional_special_tokens ?? []) {
    requireToken(tokenizer, { path, name: 'additional_special_tokens', ...one, id: undefined })
  }
}

/** RoBERTa's and BERT's own processors name the tokens that they put around a text. */
function requireAround(
  { post_processor: processor }: TokenizerJson,
  { path, name, content }: { path: string; name: string; content: string },
): void {
  if (name !== 'cls_token' && name !== 'sep_token') return
  for (const one of partsOf(processor, 'processors')) {
    const put = z.tuple([z.string(), z.int()]).safeParse(one[name.slice(0, 3)])
    if (!put.success || put.data[0] === content) continue
    throw exportInvalid(
      `${basename(path)} says ${name}: ${JSON.stringify(content)}, and tokenizer.json puts ` +
        `${JSON.stringify(put.data[0])} there. Make the files agree.`,
    )
  }
}

function requireToken(
  { added_tokens: known }: TokenizerJson,
  wanted: AddedToken & { path: string; name?: string; id: number | undefined },
): void {
  const { path, name, content, id } = wanted
  const shown = `${basename(path)} has the token ${JSON.stringify(content)}${name ? ` (${name})` : ''}`
  const found = known.find((one) => one.content === content)
  if (found === undefined) {
    throw exportInvalid(
      `${shown}, which is not among the added_tokens of tokenizer.json. Save the tokenizer again, so ` +
        `that the files in ${dirname(path)} agree.`,
    )
  }
  if (id !== undefined && id !== found.id) {
    throw exportInvalid(`${shown} with the id ${id}, and tokenizer.json with the id ${found.id}.`)
  }
  for (const flag of ['lstrip', 'rstrip', 'single_word'] as const) {
    const [here, there] = [wanted[flag], found[flag] === true]
    if (here === undefined || here === there) continue
    throw exportInvalid(
      `${shown} with ${flag}: ${String(here)}, and tokenizer.json with ${flag}: ${String(there)}.`,
    )
  }
}

function contradiction(name: string, value: unknown): WinnowError {
  return exportInvalid(
    `tokenizer_config.json says ${name}: ${String(value)}, and tokenizer.json does otherwise, which ` +
      'gives other token ids. Make the two agree on what the model was trained with.',
    { setting: name },
  )
}

function incompatible(message: string): WinnowError {
  return new WinnowError('model_incompatible', `The export cannot be served. ${message}`)
}
